/*
 * How a process starts: hooks before the shim's constructor, other preloaded libraries before and
 * after the shim, exceptions and unwinders that are not libunwind's.
 */
#include "compare.h"

#include <stdio.h>

/* Preloads both, in this order. */
static void preload(struct run_spec *spec, const char *first, const char *second)
{
	spec->plain = true;
	spec->options = script_options(NULL);
	spec->env[0] = memory_text("LD_PRELOAD=%s:%s", first, second);
}

static const char *shim(void)
{
	return file_built("libtcpwaitspy.so");
}

static void compile(const char *const argv[])
{
	struct run_spec spec = {.plain = true};
	struct run_result result;

	for (size_t i = 0; argv[i]; i++)
		spec.argv[i] = argv[i];
	result = run(&spec);
	run_assert_exit(&result, 0);
}

static const char *build_library(void)
{
	const char *library = file_temp("early.so");

	compile((const char *const[]){test_require("cc"), "-shared", "-fPIC", "-D_GNU_SOURCE", "-DLIBRARY", "-pthread",
				      "-o", library, file_source("tests/e2e/programs/hazard/start.c"), NULL});
	return library;
}

static void sockets_from_before_all_constructors_are_adopted(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/start", NULL, NULL);
	hazard_assert_healthy(&log);
	log_assert_number(hazard_summary(&log), "connections", 2);
	hazard_assert_calls(&log, "send", 1);
	hazard_assert_calls(&log, "close", 2);
}

/* Its connection is made in a constructor and ended in a destructor. */
static void run_with_library(const char *first, const char *second, const char *setting)
{
	struct run_spec spec = hazard_spec("hazard/start", NULL);
	struct run_result plain, result;
	struct log log;

	spec.plain = true;
	spec.env[0] = memory_text("LD_PRELOAD=%s", strcmp(first, shim()) == 0 ? second : first);
	spec.env[1] = setting;
	plain = run(&spec);
	run_assert_exit(&plain, 0);
	assert_non_null(strstr(plain.out, "library: exchanged 1 closed 1"));
	preload(&spec, first, second);
	result = run(&spec);
	run_assert_same(&result, &plain);
	log = log_read(script_log());
	hazard_assert_healthy(&log);
	log_assert_number(hazard_summary(&log), "connections", 4);
}

static void library_whose_constructor_runs_before_ours(void **state)
{
	(void)state;
	run_with_library(shim(), build_library(), NULL);
}

static void library_whose_constructor_runs_after_ours(void **state)
{
	(void)state;
	run_with_library(build_library(), shim(), NULL);
}

/* The loader's lock is held while constructors run: the thread must not need it for its socket. */
static void constructor_that_waits_for_a_thread_with_the_first_socket(void **state)
{
	static const char source[] = "#include <dlfcn.h>\nint main(int n, char **v) { return n == 2 && dlopen(v[1], "
				     "RTLD_NOW) ? 0 : 1; }\n";
	struct run_spec spec = {.options = script_options(NULL), .env = {"HAZARD_THREAD=1"}};

	(void)state;
	file_write(file_temp("open.c"), source);
	compile((const char *const[]){test_require("cc"), "-o", file_temp("open"), file_temp("open.c"), "-ldl", NULL});
	spec.argv[0] = file_temp("open");
	spec.argv[1] = build_library();
	hazard_compare(&spec);
}

static const char forking_program[] = "#include <sys/wait.h>\n#include <unistd.h>\n"
				      "int main(void) {\n"
				      "  int status = 0;\n"
				      "  for (int i = 0; i < 20; i++) {\n"
				      "    pid_t pid = fork();\n"
				      "    if (pid == 0) _exit(0);\n"
				      "    if (waitpid(pid, &status, 0) != pid || status) return 1;\n"
				      "  }\n"
				      "  return 0;\n"
				      "}\n";

/* Registered before the shim's own: they run while the shim is ready for the fork. */
static void handlers_of_fork_that_use_connections(void **state)
{
	struct run_spec spec = {.env = {"", "HAZARD_ATFORK=1"}};
	const char *library;
	struct run_result result;

	(void)state;
	library = build_library();
	file_write(file_temp("forks.c"), forking_program);
	compile((const char *const[]){test_require("cc"), "-o", file_temp("forks"), file_temp("forks.c"), NULL});
	spec.argv[0] = file_temp("forks");
	for (int after = 0; after < 2; after++) {
		if (after)
			preload(&spec, library, shim());
		else
			preload(&spec, shim(), library);
		result = run(&spec);
		run_assert_exit(&result, 0);
	}
}

static void run_beside(const char *first, const char *second)
{
	struct run_spec spec = hazard_spec("hazard/threads", "cancel_recv");
	struct log log;

	preload(&spec, first, second);
	hazard_compare(&spec);
	log = log_read(script_log());
	hazard_assert_healthy(&log);
	hazard_assert_calls(&log, "accept4", 20);
	spec = hazard_spec("hazard/processes", "forks");
	preload(&spec, first, second);
	spec.options = script_options("calls=none");
	hazard_compare(&spec);
}

static void jemalloc_before_the_shim(void **state)
{
	(void)state;
	run_beside(hazard_library("/usr/lib/*/libjemalloc.so.2"), shim());
}

static void jemalloc_after_the_shim(void **state)
{
	(void)state;
	run_beside(shim(), hazard_library("/usr/lib/*/libjemalloc.so.2"));
}

static void listed_twice(void **state)
{
	(void)state;
	run_beside(shim(), shim());
}

static void run_allocator(const char *name, const char *further)
{
	struct run_spec spec = hazard_spec("hazard/malloc", name);

	spec.options = script_options(further);
	hazard_compare(&spec);
}

static void allocator_whose_lock_is_held_in_a_handler_with_the_first_socket(void **state)
{
	(void)state;
	run_allocator("handler", NULL);
	run_allocator("handler", "stack=0");
	run_allocator("handler_that_may_nest", NULL);
}

static void watcher_that_could_not_start_in_a_handler_starts_after_it(void **state)
{
	(void)state;
	run_allocator("after_a_handler", NULL);
	run_allocator("after_a_handler", "stack=0");
}

static void watcher_starts_though_handled_signals_stay_blocked(void **state)
{
	(void)state;
	run_allocator("signals_that_stay_blocked", NULL);
}

static void allocator_whose_lock_is_held_by_a_thread_that_is_not_in_the_child(void **state)
{
	struct run_spec spec = hazard_spec("hazard/malloc", "child_of_a_thread");

	(void)state;
	spec.options = script_options(NULL);
	hazard_compare(&spec);
}

static const char exceptions_program[] =
	"#include <cstdio>\n#include <stdexcept>\n#include <thread>\n#include <arpa/inet.h>\n#include <pthread.h>\n"
	"#include <unistd.h>\n#include <sys/socket.h>\n"
	"struct guard { ~guard() { printf(\"unwound\\n\"); } };\n"
	"static void fail(int depth) { guard g; if (!depth) throw std::runtime_error(\"thrown\"); fail(depth - 1); }\n"
	"static void attempt() { try { fail(3); } catch (const std::exception &e) { printf(\"%s\\n\", e.what()); } }\n"
	"static void sockets() { for (int i = 0; i < 3; i++) { int fd = socket(AF_INET, SOCK_STREAM, 0);\n"
	"  shutdown(fd, SHUT_RDWR); close(fd); } }\n"
	"static int mine; static void *wait_for_it(void *) { guard g; char c; recv(mine, &c, 1, 0); return nullptr; }\n"
	"int main() { attempt(); sockets(); attempt(); std::thread([] { attempt(); sockets(); attempt(); }).join();\n"
	"  sockaddr_in a{}; socklen_t n = sizeof(a); a.sin_family = AF_INET; a.sin_addr.s_addr = "
	"htonl(INADDR_LOOPBACK);\n"
	"  int l = socket(AF_INET, SOCK_STREAM, 0); bind(l, (sockaddr *)&a, n); listen(l, 1);\n"
	"  getsockname(l, (sockaddr *)&a, &n); int c = socket(AF_INET, SOCK_STREAM, 0); connect(c, (sockaddr *)&a, "
	"n);\n"
	"  mine = accept(l, nullptr, nullptr); pthread_t t; void *r; pthread_create(&t, nullptr, wait_for_it, "
	"nullptr);\n"
	"  pthread_cancel(t); pthread_join(t, &r); printf(\"cancelled %d\\n\", r == PTHREAD_CANCELED);\n"
	"  close(c); close(mine); close(l); attempt(); }\n";

/* A cancelled thread, too, is unwound by forced exceptions, through the shim's frames. */
static void exceptions_before_and_after_the_first_stack(void **state)
{
	struct run_spec spec = {.options = script_options("rules=-reuseaddr-too-late")};
	struct log log;

	(void)state;
	test_require("g++");
	file_write(file_temp("throws.cc"), exceptions_program);
	compile((const char *const[]){test_require("g++"), "-pthread", "-o", file_temp("throws"),
				      file_temp("throws.cc"), NULL});
	spec.argv[0] = file_temp("throws");
	hazard_compare(&spec);
	log = log_read(script_log());
	hazard_assert_healthy(&log);
}

/* In a library that comes when stacks have been taken: C++'s runtime does not, before that, exist in the process. */
static const char late_library[] =
	"#include <stdexcept>\n#include <cstdio>\n#include <unistd.h>\n#include <sys/socket.h>\n"
	"struct guard { int fd; ~guard() { printf(\"close = %d\\n\", close(fd)); } };\n"
	"static void fail(int depth) { guard g{socket(AF_INET, SOCK_STREAM, 0)}; if (!depth) throw "
	"std::runtime_error(\"thrown\");\n"
	"  fail(depth - 1); }\n"
	"extern \"C\" int attempt(int fd) { try { fail(3); } catch (const std::exception &e) { puts(e.what()); }\n"
	"  fflush(stdout); return close(fd); }\n";

static const char late_program[] =
	"#include <dlfcn.h>\n#include <stdio.h>\n#include <string.h>\n#include <sys/socket.h>\n#include <unistd.h>\n"
	"int main(int argc, char **argv) {\n"
	"  int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);\n"
	"  shutdown(fd, SHUT_RDWR); close(fd);\n"
	"  void *library = strcmp(argv[2], \"apart\") == 0 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW)\n"
	"    : dlopen(argv[1], strcmp(argv[2], \"deep\") == 0 ? RTLD_NOW | RTLD_DEEPBIND : RTLD_NOW);\n"
	"  int (*attempt)(int) = library ? (int (*)(int))dlsym(library, \"attempt\") : NULL;\n"
	"  if (argc != 3 || !attempt) { puts(dlerror()); return 1; }\n"
	"  printf(\"attempt = %d\\n\", attempt(other)); fflush(stdout);\n"
	"  fd = socket(AF_INET, SOCK_STREAM, 0); printf(\"close = %d\\n\", close(fd)); return 0; }\n";

/* Deep, or in a namespace of its own, the library calls libc and not the shim: what it closes is seen to be gone. */
static void library_that_throws_and_comes_late(void **state)
{
	static const char *const how[] = {"plain", "deep", "apart"};
	struct run_spec spec = {.options = script_options(NULL)};

	(void)state;
	file_write(file_temp("late.cc"), late_library);
	compile((const char *const[]){test_require("g++"), "-shared", "-fPIC", "-o", file_temp("late.so"),
				      file_temp("late.cc"), NULL});
	file_write(file_temp("late.c"), late_program);
	compile((const char *const[]){test_require("cc"), "-D_GNU_SOURCE", "-o", file_temp("late"), file_temp("late.c"),
				      "-ldl", NULL});
	spec.argv[0] = file_temp("late");
	spec.argv[1] = file_temp("late.so");
	for (size_t i = 0; i < ARRAY_LEN(how); i++) {
		struct log log;

		spec.argv[2] = how[i];
		hazard_compare(&spec);
		log = log_read(script_log());
		log_assert_no_fault(&log);
		log_assert_number(hazard_summary(&log), "open_at_exit", 0);
		log_assert_number(hazard_summary(&log), "unseen", i ? 1 : 0);
		assert_int_equal(remove(script_log()), 0);
	}
}

/* A thread's first use of a variable may allocate in the general model, in a handler too. */
static void thread_local_variables_are_there_from_the_start(void **state)
{
	struct run_spec spec = {.plain = true, .argv = {test_require("nm"), "-D", shim()}};
	struct run_result result = run(&spec);

	(void)state;
	run_assert_exit(&result, 0);
	assert_non_null(strstr(result.out, "socket"));
	assert_null(strstr(result.out, "__tls_get_addr"));
}

/* What a program exports comes before the libraries' own: none of it may be called on our account. */
static const char unwinder_program[] =
	"#include <stdio.h>\n#include <stdlib.h>\n#include <sys/socket.h>\n#include <unistd.h>\n"
	"#define FAKE(name) int name(void); int name(void) { write(1, #name \"\\n\", sizeof(#name)); abort(); }\n"
	"FAKE(_Unwind_Backtrace) FAKE(_Unwind_GetIP) FAKE(_Unwind_GetCFA) FAKE(_Unwind_Find_FDE)\n"
	"FAKE(_Unwind_RaiseException) FAKE(_Unwind_ForcedUnwind) FAKE(_Unwind_Resume) FAKE(backtrace)\n"
	"FAKE(backtrace_symbols) FAKE(unw_backtrace) FAKE(_ULx86_64_init_local) FAKE(_ULx86_64_step)\n"
	"FAKE(_Ux86_64_getcontext) FAKE(_ULx86_64_get_reg) FAKE(_Ux86_64_init_local) FAKE(dladdr)\n"
	"int main(void) { for (int i = 0; i < 3; i++) { int fd = socket(AF_INET, SOCK_STREAM, 0);\n"
	"  shutdown(fd, SHUT_RDWR); close(fd); close(fd); } puts(\"done\"); return 0; }\n";

static void program_with_an_unwinder_of_its_own(void **state)
{
	struct run_spec spec = {.options = script_options(NULL)};
	struct log log;
	json_object *finding;

	(void)state;
	file_write(file_temp("own.c"), unwinder_program);
	compile((const char *const[]){test_require("cc"), "-w", "-fno-builtin", "-rdynamic", "-o", file_temp("own"),
				      file_temp("own.c"), NULL});
	spec.argv[0] = file_temp("own");
	hazard_compare(&spec);
	log = log_read(script_log());
	finding = log_first(&log, &(const struct log_match){.rule = "double-close"});
	assert_true(json_object_array_length(log_member(finding, "stacks.here")) >= 1);
}

int main(void)
{
	const struct CMUnitTest start[] = {
		TEST(sockets_from_before_all_constructors_are_adopted),
		TEST(library_whose_constructor_runs_before_ours),
		TEST(library_whose_constructor_runs_after_ours),
		TEST(constructor_that_waits_for_a_thread_with_the_first_socket),
		TEST(handlers_of_fork_that_use_connections),
		TEST(jemalloc_before_the_shim),
		TEST(jemalloc_after_the_shim),
		TEST(listed_twice),
		TEST(allocator_whose_lock_is_held_in_a_handler_with_the_first_socket),
		TEST(watcher_that_could_not_start_in_a_handler_starts_after_it),
		TEST(watcher_starts_though_handled_signals_stay_blocked),
		TEST(allocator_whose_lock_is_held_by_a_thread_that_is_not_in_the_child),
		TEST(exceptions_before_and_after_the_first_stack),
		TEST(program_with_an_unwinder_of_its_own),
		TEST(library_that_throws_and_comes_late),
		TEST(thread_local_variables_are_there_from_the_start),
	};

	return cmocka_run_group_tests_name("hazard_start", start, NULL, NULL);
}
