/*
 * Every call that the shim makes itself fails, one after another and all at once: less is told, and the program
 * does what it does without the shim, to its last errno.
 */
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>

/* All that a connection can live through, and the questions that only some errors raise. */
#define STORY                                                                                                          \
	SCRIPT_PAIR "send c hello; recv a 9; rounds c a 5\n"                                                           \
		    "d=dup c; getpeername d; close d; getsockopt c error\n"                                            \
		    "b=socket 4 stream; bind b 127.0.0.1 @s; close b\n"                                                \
		    "b=socket 4 stream; connect b 127.0.0.1 1; connect b 127.0.0.1 1; close b\n"                       \
		    "fork send c child; close c; close a; exit 3\n"                                                    \
		    "recv a 9; shutdown c wr; recv a 9; recv a 9; send a x; recv c 9\n"                                \
		    "close a; close a; send a x; close c; recv c 9; close s; x=open mine; write x data; close x\n"

static const char *inject_library;

static int build_library(void **state)
{
	struct run_spec spec = {.plain = true};
	struct run_result result;
	const char *path;
	int fd;

	/* Outside of the directory that each test has for itself. */
	path = strdup("/tmp/tcpwaitspy-inject-XXXXXX");
	fd = file_setup() == 0 ? mkstemp((char *)path) : -1;
	if (fd < 0)
		return -1;
	close(fd);
	spec.argv[0] = "cc";
	spec.argv[1] = "-shared";
	spec.argv[2] = "-fPIC";
	spec.argv[3] = "-pthread";
	spec.argv[4] = "-o";
	spec.argv[5] = path;
	spec.argv[6] = file_source("tests/e2e/libraries/inject.c");
	result = run(&spec);
	run_assert_exit(&result, 0);
	inject_library = path;
	(void)state;
	return test_teardown(state);
}

static int remove_library(void **state)
{
	(void)state;
	return remove(inject_library);
}

static struct run_spec spec_with(const char *faults, const char *further)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")}, .directory = file_temp("")};

	spec.plain = true;
	spec.input = STORY;
	spec.options = script_options(further);
	spec.env[0] = memory_text("LD_PRELOAD=%s:%s", file_built("libtcpwaitspy.so"), inject_library);
	spec.env[1] = memory_text("INJECT=%s", faults);
	return spec;
}

/* Every line on standard error is the shim's own. */
static void assert_no_noise(const char *err)
{
	for (const char *line = err; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, "tcpwaitspy: ", 12) != 0 && strncmp(line, "==", 2) != 0 &&
		    strncmp(line, "{\"v\":1,", 7) != 0)
			test_fail("on standard error: %.300s", line);
}

static struct run_result compare_with(const char *faults, const char *further)
{
	struct run_spec spec = spec_with(faults, further);
	struct run_result result;

	print_message("           %s%s%s\n", faults, further ? ", " : "", further ? further : "");
	result = hazard_compare(&spec);
	assert_no_noise(result.err);
	return result;
}

/* What the kernel does not tell is worked out: the log is whole, and every call is in it. */
static const char *const untold[] = {
	"getsockopt=ENOBUFS",
	"getsockname=ENOBUFS",
	"getpeername=ENOBUFS",
	"socket=EMFILE",
	"socket=EAFNOSUPPORT",
	"sendmsg=ENOBUFS",
	"recvmsg=ENOBUFS",
	"ioctl=EINVAL",
	"statx=ENOSYS",
	"read=EIO",
	"getdents64=EACCES",
	"readlinkat=EACCES",
	"uname=ENOSYS",
	"getcwd=EACCES",
	"getsid=EPERM",
	"sigaltstack=EPERM",
	"rt_sigaction=EPERM",
	"rt_sigpending=EINVAL",
	"process_vm_readv=EPERM",
	"prlimit64=EPERM",
	"pread64=EIO",
	"tgkill=EPERM",
	"clone=EAGAIN",
	"getppid=EPERM",
	"faccessat=EACCES",
	"dlopen=ENOMEM",
	"pthread_create=EAGAIN",
	/* Not fcntl(): where a number cannot be moved up, the log is worth a low one (shim/preload/own.h). */
};

static void question_that_is_not_answered_costs_the_answer_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(untold); i++) {
		json_object *summary;
		struct log log;

		compare_with(untold[i], "watch=10ms");
		log = log_read(script_log());
		summary = log_last(&log, &(const struct log_match){.type = "summary"});
		assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 2);
		/* Four in the parent, of which one is a listener's, and one twice; and two in the child. */
		assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 1);
		assert_int_equal(log_count(&log, &(const struct log_match){.call = "connect"}), 3);
		assert_int_equal(log_count(&log, &(const struct log_match){.call = "shutdown"}), 1);
		assert_true(log_number(summary, "errors") >= 1);
		log_first(&log, &(const struct log_match){.rule = "double-close"});
		assert_int_equal(remove(script_log()), 0);
	}
}

/* That the faults arrive: each shows where it should, and there only. */
static void what_is_not_told_is_worked_out(void **state)
{
	json_object *record;
	struct log log;

	(void)state;
	compare_with("getsockopt=ENOBUFS", NULL);
	log = log_read(script_log());
	record = log_first(&log, &(const struct log_match){.call = "accept"});
	log_assert_text(record, "state_source", "inferred");
	log_assert_text(record, "state", "ESTABLISHED");
	assert_int_equal(remove(script_log()), 0);
	compare_with("sendmsg=ENOBUFS", NULL);
	log = log_read(script_log());
	log_assert_text(log_first(&log, &(const struct log_match){.call = "accept"}), "state_source", "kernel");
	/* The child's: whether somebody else has the connection cannot be asked. */
	record = log_first(&log, &(const struct log_match){.call = "close", .state = "FIN_WAIT_1"});
	log_assert_text(record, "state_source", "inferred");
	assert_non_null(strstr(compare_with("dlopen=ENOMEM", NULL).err, "stacks have one frame only"));
}

static void no_memory_costs_what_it_was_for(void **state)
{
	struct run_result result;

	(void)state;
	result = compare_with("mmap=ENOMEM", "watch=10ms");
	assert_non_null(result.out);
	compare_with("mmap=ENOMEM", "flush=buffer:calls=none");
}

/* With stderr as the log there is nowhere to say it. */
static void log_that_takes_nothing_is_said_once_and_harms_nobody(void **state)
{
	static const char *const faults[] = {"write=ENOSPC", "write=EPIPE", "write=EIO", "write=EAGAIN"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		compare_with(faults[i], "watch=10ms");
		compare_with(faults[i], "flush=buffer");
		/* It was opened, and nothing of a line is in it. */
		assert_string_equal(file_read(script_log(), NULL), "");
	}
}

static void log_that_cannot_be_opened_goes_to_stderr(void **state)
{
	static const char *const faults[] = {"openat=EACCES", "openat=EROFS", "openat=EMFILE", "openat=ENOMEM"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		struct run_result result = compare_with(faults[i], NULL);
		char *name = strchr(memory_text("%s", faults[i]), '=') + 1;

		assert_non_null(strstr(result.err, "cannot open log"));
		assert_non_null(strstr(result.err, name));
		assert_non_null(strstr(result.err, "using stderr"));
	}
}

static void everything_at_once(void **state)
{
	char all[1024] = "mmap=ENOMEM,write=EIO,openat=EMFILE,ppoll=ENOMEM,lseek=EIO,ftruncate=EIO";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(untold); i++)
		if (strlen(all) + strlen(untold[i]) + 2 < sizeof(all))
			strcat(strcat(all, ","), untold[i]);
	compare_with(all, "watch=1ms");
	compare_with(all, "watch=0:flush=buffer:calls=lifecycle");
}

/* The same faults while threads, signals and children come and go. */
static void faults_in_a_crowd(void **state)
{
	static const char *const faults[] = {"getsockopt=ENOBUFS,sendmsg=ENOBUFS", "write=ENOSPC", "mmap=ENOMEM",
					     "pthread_create=EAGAIN,dlopen=ENOMEM"};
	static const char *const programs[][2] = {
		{"hazard/threads", "cancel_recv"},	{"hazard/signals", "close_inside"},
		{"hazard/small_stacks", "small_stack"}, {"hazard/processes", "exec"},
		{"hazard/processes", "vforks"},		{"hazard/descriptors", "close_all"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		for (size_t j = 0; j < ARRAY_LEN(programs); j++) {
			struct run_spec spec = hazard_spec(programs[j][0], programs[j][1]);

			print_message("           %s: %s %s\n", faults[i], programs[j][0], programs[j][1]);
			spec.plain = true;
			spec.options = script_options("watch=10ms");
			spec.env[0] = memory_text("LD_PRELOAD=%s:%s", file_built("libtcpwaitspy.so"), inject_library);
			spec.env[1] = memory_text("INJECT=%s", faults[i]);
			hazard_compare(&spec);
		}
	}
}

int main(void)
{
	const struct CMUnitTest faults[] = {
		TEST(question_that_is_not_answered_costs_the_answer_only),
		TEST(what_is_not_told_is_worked_out),
		TEST(no_memory_costs_what_it_was_for),
		TEST(log_that_takes_nothing_is_said_once_and_harms_nobody),
		TEST(log_that_cannot_be_opened_goes_to_stderr),
		TEST(everything_at_once),
		TEST(faults_in_a_crowd),
	};

	return cmocka_run_group_tests_name("hazard_faults", faults, build_library, remove_library);
}
