/*
 * Tests of shim/observe/symbols.h on the test program itself, the libraries that it has, and copies
 * of both that are deleted or replaced while they run.
 */
#define _GNU_SOURCE 1
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../shim/observe/elf.h"
#include "../../../shim/observe/symbols.h"

static struct spy_frame frame;

/* Two functions that a compiler must not merge, so that there is a return address into the first. */
static __attribute__((noinline)) uintptr_t own_return_address(void)
{
	return (uintptr_t)__builtin_return_address(0);
}

static __attribute__((noinline)) uintptr_t address_in_known_function(void)
{
	volatile uintptr_t ip = own_return_address();

	return ip;
}

static uintptr_t libc_function(const char *name)
{
	uintptr_t start = (uintptr_t)dlsym(RTLD_DEFAULT, name);

	assert_int_not_equal(start, 0);
	return start;
}

static void copy_file(const char *from, const char *to)
{
	static char data[1 << 16];
	int in = open(from, O_RDONLY);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t len;

	assert_true(in >= 0 && out >= 0 && fchmod(out, 0700) == 0);
	while ((len = read(in, data, sizeof(data))) > 0)
		assert_int_equal(write(out, data, (size_t)len), len);
	close(in);
	close(out);
}

static void a_static_function_is_named_with_its_offset(void **state)
{
	uintptr_t ip = address_in_known_function();
	char exe[SPY_MODULE_MAX] = "";

	(void)state;
	spy_symbols_resolve(ip, &frame);
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_string_equal(frame.function, "address_in_known_function");
	assert_int_equal(frame.function_offset, ip - (uintptr_t)address_in_known_function);
	assert_string_equal(frame.module, exe);
	assert_int_equal(frame.ip, ip);
}

static int take_bias(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(spy_vaddr *)bias = info->dlpi_addr;
	return 1;
}

static void the_module_offset_is_what_addr2line_takes(void **state)
{
	uintptr_t ip = address_in_known_function();
	spy_vaddr bias = 1;

	(void)state;
	dl_iterate_phdr(take_bias, &bias);
	spy_symbols_resolve(ip, &frame);
	assert_int_equal(frame.module_offset, ip - bias);
}

static void a_return_address_behind_a_function_s_end_is_its_own(void **state)
{
	Dl_info info;
	spy_sym *symbol;

	(void)state;
	assert_int_not_equal(dladdr1((void *)libc_function("abort"), &info, (void **)&symbol, RTLD_DL_SYMENT), 0);
	spy_symbols_resolve(libc_function("abort") + symbol->st_size, &frame);
	assert_string_equal(frame.function, "abort");
	assert_int_equal(frame.function_offset, symbol->st_size);
	spy_symbols_resolve(libc_function("abort"), &frame);
	assert_string_not_equal(frame.function, "abort");
}

static void a_function_of_libc_is_named_as_programs_call_it(void **state)
{
	static const char *const names[] = {"close", "recv", "getppid", "connect"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *libc = dlopen("libc.so.6", RTLD_LAZY);
		uintptr_t start = (uintptr_t)dlsym(libc, names[i]);

		spy_symbols_resolve(start + 1, &frame);
		assert_string_equal(frame.function, names[i]);
		assert_int_equal(frame.function_offset, 1);
		assert_int_equal(strncmp(spy_symbols_basename(frame.module), "libc.so", 7), 0);
		assert_int_equal(frame.build_id_len, 20);
		dlclose(libc);
	}
}

static void an_address_of_no_module_has_no_names(void **state)
{
	static const struct spy_frame nothing;
	void *heap = malloc(16);
	uintptr_t addresses[] = {0, 1, (uintptr_t)&heap, (uintptr_t)heap, UINTPTR_MAX};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		memset(&frame, 0x55, sizeof(frame));
		spy_symbols_resolve(addresses[i], &frame);
		assert_int_equal(frame.ip, addresses[i]);
		frame.ip = 0;
		assert_memory_equal(&frame, &nothing, sizeof(frame));
	}
	free(heap);
}

static void data_has_a_module_and_no_function(void **state)
{
	static int data;

	(void)state;
	spy_symbols_resolve((uintptr_t)&data, &frame);
	assert_string_not_equal(frame.module, "");
	assert_string_equal(frame.function, "");
	assert_int_equal(frame.function_offset, 0);
}

static void the_vdso_has_no_file_to_look_into(void **state)
{
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);

	(void)state;
	if (vdso == 0)
		skip();
	spy_symbols_resolve(vdso + sizeof(spy_ehdr), &frame);
	assert_null(strchr(frame.module, '/'));
	assert_string_equal(frame.function, "");
}

static void errno_and_descriptors_are_left_alone(void **state)
{
	int before = dup(0);
	int after;

	(void)state;
	close(before);
	errno = 4711;
	spy_symbols_resolve(address_in_known_function(), &frame);
	spy_symbols_resolve(1, &frame);
	spy_symbols_resolve(getauxval(AT_SYSINFO_EHDR) + 1, &frame);
	assert_int_equal(errno, 4711);
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
	assert_int_equal(fcntl(900, F_GETFD), -1);
}

/* A copy of this program deletes its file, puts another in its place and names its function still. */
static void a_deleted_program_names_its_functions(void **state)
{
	char path[] = "/tmp/symbols_test.XXXXXX";
	int status;
	pid_t pid;

	(void)state;
	close(mkstemp(path));
	copy_file("/proc/self/exe", path);
	pid = fork();
	if (pid == 0) {
		execl(path, path, "deleted", (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
	assert_int_equal(status, 0);
}

static int run_deleted(const char *path)
{
	unlink(path);
	copy_file("/bin/sh", path);
	spy_symbols_resolve(address_in_known_function(), &frame);
	return strcmp(frame.function, "address_in_known_function") == 0 && strcmp(frame.module, path) == 0 ? 0 : 1;
}

static void a_library_that_is_not_the_loaded_one_any_more_names_nothing(void **state)
{
	char path[] = "/tmp/symbols_test.XXXXXX";
	struct spy_frame intact;
	uintptr_t ip;
	void *library;

	(void)state;
	spy_symbols_resolve((uintptr_t)cmocka_set_message_output + 1, &frame);
	if (strstr(frame.module, "libcmocka") == NULL)
		skip();
	close(mkstemp(path));
	copy_file(frame.module, path);
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	assert_non_null(library);
	ip = (uintptr_t)dlsym(library, "cmocka_set_message_output") + 1;
	spy_symbols_resolve(ip, &intact);
	assert_string_equal(intact.function, "cmocka_set_message_output");
	assert_string_equal(intact.module, path);

	/* Deleted, then another build of the same name, then a file that only begins like one. */
	unlink(path);
	spy_symbols_resolve(ip, &frame);
	assert_string_equal(frame.function, "");
	copy_file("/proc/self/exe", path);
	spy_symbols_resolve(ip, &frame);
	assert_string_equal(frame.function, "");
	assert_int_equal(truncate(path, sizeof(spy_ehdr) + 8), 0);
	spy_symbols_resolve(ip, &frame);
	assert_string_equal(frame.function, "");

	/* What memory says stays: who wants names later can look for the build. */
	assert_string_equal(frame.module, path);
	assert_int_equal(frame.module_offset, intact.module_offset);
	assert_int_equal(frame.build_id_len, intact.build_id_len);
	assert_memory_equal(frame.build_id, intact.build_id, intact.build_id_len);
	dlclose(library);
	unlink(path);
}

static void a_basename_is_what_follows_the_last_slash(void **state)
{
	(void)state;
	assert_string_equal(spy_symbols_basename("/usr/lib/libc.so.6"), "libc.so.6");
	assert_string_equal(spy_symbols_basename("server"), "server");
	assert_string_equal(spy_symbols_basename("/"), "");
	assert_string_equal(spy_symbols_basename(""), "");
}

#define LIBC   "/lib/x86_64-linux-gnu/libc.so.6"
#define LOADER "/lib64/ld-linux-x86-64.so.2"

/* How many frames of a stack, written as pairs of function and module, are kept. */
static size_t kept(const char *const *pairs)
{
	struct spy_frame frames[8] = {0};
	size_t count;

	for (count = 0; pairs[2 * count] != NULL; count++) {
		snprintf(frames[count].function, SPY_FUNCTION_MAX, "%s", pairs[2 * count]);
		snprintf(frames[count].module, SPY_MODULE_MAX, "%s", pairs[2 * count + 1]);
	}
	return spy_symbols_trim(frames, count);
}

#define KEPT(...) kept((const char *const[]){__VA_ARGS__, NULL})

static void what_called_main_or_the_thread_is_trimmed(void **state)
{
	(void)state;
	assert_int_equal(KEPT("f", "/a", "main", "/a", "", LIBC, "__libc_start_main", LIBC, "_start", "/a"), 2);
	assert_int_equal(KEPT("f", "/a", "main", "/a", "__libc_start_call_main", LIBC, "__libc_start_main_impl", LIBC,
			      "_start", "/a"),
			 2);
	assert_int_equal(KEPT("", "/a", "", "/a", "", LIBC, "__libc_start_main", LIBC, "", "/a"), 2);
	assert_int_equal(KEPT("f", "/a", "worker", "/a", "", LIBC, "", LIBC), 2);
	assert_int_equal(KEPT("f", "/a", "start_thread", LIBC, "__clone3", LIBC), 1);
	assert_int_equal(KEPT("f", "/a", "start_thread", "/lib/libpthread.so.0", "clone", "/lib/libc-2.31.so"), 1);
	assert_int_equal(KEPT("main", "/a", "", "/lib/ld-musl-x86_64.so.1", "_start", "/a"), 1);
	assert_int_equal(KEPT("constructor", "/a", "call_init", LOADER, "_dl_start_user", LOADER), 1);
}

static void what_the_program_itself_did_is_kept(void **state)
{
	(void)state;
	assert_int_equal(KEPT("compare", "/a", "qsort", LIBC, "f", "/a", "main", "/a"), 4);
	assert_int_equal(KEPT("f", "/a", "start_thread", "/a", "clone", "/a", "main", "/a"), 4);
	assert_int_equal(KEPT("close", LIBC, "f", "/opt/libcurl.so"), 2);
	assert_int_equal(KEPT("f", "", "g", ""), 2);
}

static void a_stack_of_nothing_else_is_left_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(KEPT("exit", LIBC, "", LIBC), 2);
	assert_int_equal(KEPT("_start", "/a"), 1);
	assert_int_equal(spy_symbols_trim(NULL, 0), 0);
}

static void frames_as_they_are_resolved_are_trimmed(void **state)
{
	struct spy_frame frames[2];

	(void)state;
	spy_symbols_resolve(address_in_known_function(), &frames[0]);
	spy_symbols_resolve(libc_function("__libc_start_main") + 1, &frames[1]);
	assert_int_equal(spy_symbols_trim(frames, 2), 1);
}

static void what_is_located_is_the_same_place_without_its_function(void **state)
{
	struct spy_frame resolved, located;

	(void)state;
	spy_symbols_resolve(address_in_known_function(), &resolved);
	spy_symbols_locate(address_in_known_function(), &located);
	assert_string_equal(located.module, resolved.module);
	assert_int_equal(located.module_offset, resolved.module_offset);
	assert_int_equal(located.build_id_len, resolved.build_id_len);
	assert_memory_equal(located.build_id, resolved.build_id, resolved.build_id_len);
	assert_string_not_equal(resolved.function, "");
	assert_string_equal(located.function, "");
	spy_symbols_locate(1, &located);
	assert_string_equal(located.module, "");
	assert_int_equal(located.ip, 1);
}

static size_t kept_located(const char *const *modules)
{
	struct spy_frame frames[8] = {0};
	size_t count;

	for (count = 0; modules[count] != NULL; count++)
		snprintf(frames[count].module, SPY_MODULE_MAX, "%s", modules[count]);
	return spy_symbols_trim_located(frames, count);
}

#define KEPT_LOCATED(...) kept_located((const char *const[]){__VA_ARGS__, NULL})

static void located_frames_end_where_libc_begins(void **state)
{
	(void)state;
	assert_int_equal(KEPT_LOCATED("/a", "/a", LIBC, LIBC, "/a"), 2);
	assert_int_equal(KEPT_LOCATED("/a", LIBC, LIBC), 1);
	assert_int_equal(KEPT_LOCATED("/a", LIBC, "/a", "/a"), 4);
	assert_int_equal(KEPT_LOCATED(LIBC, LIBC), 2);
	assert_int_equal(KEPT_LOCATED("/a"), 1);
	assert_int_equal(spy_symbols_trim_located(NULL, 0), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_static_function_is_named_with_its_offset),
		cmocka_unit_test(the_module_offset_is_what_addr2line_takes),
		cmocka_unit_test(a_return_address_behind_a_function_s_end_is_its_own),
		cmocka_unit_test(a_function_of_libc_is_named_as_programs_call_it),
		cmocka_unit_test(an_address_of_no_module_has_no_names),
		cmocka_unit_test(data_has_a_module_and_no_function),
		cmocka_unit_test(the_vdso_has_no_file_to_look_into),
		cmocka_unit_test(errno_and_descriptors_are_left_alone),
		cmocka_unit_test(a_deleted_program_names_its_functions),
		cmocka_unit_test(a_library_that_is_not_the_loaded_one_any_more_names_nothing),
		cmocka_unit_test(a_basename_is_what_follows_the_last_slash),
		cmocka_unit_test(what_called_main_or_the_thread_is_trimmed),
		cmocka_unit_test(what_the_program_itself_did_is_kept),
		cmocka_unit_test(a_stack_of_nothing_else_is_left_as_it_is),
		cmocka_unit_test(frames_as_they_are_resolved_are_trimmed),
		cmocka_unit_test(what_is_located_is_the_same_place_without_its_function),
		cmocka_unit_test(located_frames_end_where_libc_begins),
	};

	if (argc == 2 && strcmp(argv[1], "deleted") == 0)
		return run_deleted(argv[0]);
	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
