/*
 * The log goes on when the program becomes a daemon, drops its privileges, changes its root or
 * closes descriptors that it does not know.
 */
#include "../../support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The whole of a connection. */
#define TALK                                                                                                           \
	"s=socket 4 stream; setsockopt s reuseaddr 1; bind s 127.0.0.1 0; listen s 5; "                                \
	"c=socket 4 stream; connect c 127.0.0.1 @s; a=accept s; send c hello; "                                        \
	"recv a 9; send a world; shutdown c wr; recv a 9; close a; recv c 9; "                                         \
	"recv c 9; close c; close s"

static void require_root(void)
{
	if (geteuid() != 0 || net_is_unprivileged())
		test_skip("only root can do this");
}

/*
 * The connection that was made after `steps` is in the log with its end, and so is the summary; and
 * every byte of it has arrived as it does without the shim.
 */
static void assert_log_goes_on_after(const char *steps)
{
	const char *lines = memory_text("%s%s; " TALK "\n", SCRIPT_PAIR, steps);
	const struct log_match accepted = {.call = "accept"};
	struct run_result plain = script_run_plain(lines);
	struct run_result result = script_run(script_options(NULL), lines);
	struct log log;
	json_object *last;

	run_assert_same(&result, &plain);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &accepted), 2);
	last = log_last(&log, &accepted);
	assert_non_null(log_next(&log, last, &(const struct log_match){.call = "send"}));
	assert_non_null(
		log_next(&log, last, &(const struct log_match){.call = "close", .conn = log_number(last, "conn")}));
	log_assert_text(log.records[log.count - 1], "type", "summary");
	log_assert_number(log.records[log.count - 1], "connections", 4);
	log_assert_no_fault(&log);
}

static void log_goes_on_after_a_loop_that_closes_everything(void **state)
{
	(void)state;
	/* Quiet, because descriptor 1 is a socket then. */
	assert_log_goes_on_after("quiet; close_all 0 1023");
}

static void log_goes_on_after_a_loop_over_all_possible_descriptors(void **state)
{
	long all = sysconf(_SC_OPEN_MAX);

	(void)state;
	assert_log_goes_on_after(memory_text("close_all 3 %ld", all < 70000 ? all : 70000));
}

static void log_goes_on_after_closefrom(void **state)
{
	(void)state;
	assert_log_goes_on_after("closefrom 3");
}

static void log_goes_on_after_close_range(void **state)
{
	(void)state;
	assert_log_goes_on_after("close_range 3 max");
}

static void log_goes_on_after_dup2_over_every_descriptor(void **state)
{
	(void)state;
	assert_log_goes_on_after("x=open /dev/null; dup2_over x; close x");
}

static void log_goes_on_with_few_descriptors_allowed(void **state)
{
	(void)state;
	assert_log_goes_on_after("limit_descriptors 12");
}

static void log_goes_on_as_nobody(void **state)
{
	(void)state;
	require_root();
	assert_log_goes_on_after("become 65534");
}

static void log_goes_on_in_an_empty_root(void **state)
{
	(void)state;
	require_root();
	assert_int_equal(mkdir(file_temp("root"), 0700), 0);
	assert_log_goes_on_after("chroot root; become 65534");
}

static void state_is_still_the_kernel_s_as_nobody_in_an_empty_root(void **state)
{
	struct log log;
	json_object *closed;

	(void)state;
	require_root();
	assert_int_equal(mkdir(file_temp("root"), 0700), 0);
	log = script_run_logged(NULL, "chroot root; become 65534\n" SCRIPT_PAIR SCRIPT_END);
	closed = log_first(&log, &(const struct log_match){.call = "close", .conn = SCRIPT_C_CONN});
	log_assert_text(closed, "state_source", "kernel");
	log_assert_no_fault(&log);
}

static void descriptors_of_nobody_are_answered_as_without_the_shim(void **state)
{
	static const char lines[] =
		SCRIPT_PAIR "close 50; close 51; dup 52; dup2 53 54; shutdown 55 wr; close_range 60 70\n"
			    "send 56 x; recv 57 9; fcntl 58 getfl; close -1; recv -1 9; dup2 -1 5\n"
			    "close 100000000; dup2 c -1; close_range 9 8; getpeername 59\n" SCRIPT_END;
	struct log log;

	(void)state;
	log = script_run_alike(NULL, lines);
	log_assert_no_fault(&log);
}

/* The last record is the summary of another process than the one that was started. */
static bool has_ended(void *path)
{
	struct log log;
	char *text = file_read(path, NULL);

	if (!text || !strstr(text, "\"summary\"") || text[strlen(text) - 1] != '\n')
		return false;
	log = log_read(path);
	return strcmp(log_text(log.records[log.count - 1], "type"), "summary") == 0 &&
	       log_number(log.records[log.count - 1], "pid") != log_number(log.records[0], "pid");
}

static void log_goes_on_in_a_daemon(void **state)
{
	struct run_result result;
	struct log log;
	json_object *accepted;

	(void)state;
	result = script_run(script_options(NULL), "tasks; quiet; daemon 0 0; " TALK "; exit 0\n");
	run_assert_exit(&result, 0);
	test_until(has_ended, (void *)(uintptr_t)script_log(), "the daemon's summary");
	log = log_read(script_log());
	accepted = log_first(&log, &(const struct log_match){.call = "accept"});
	assert_int_not_equal(log_number(accepted, "pid"), log_number(log.records[0], "pid"));
	log_assert_no_fault(&log);
}

/* The path that the last line on a given-up standard error names. */
static const char *named_file(char *err)
{
	size_t len = strlen(err);
	char *line;
	char *end;

	assert_true(len > 0 && err[len - 1] == '\n');
	err[len - 1] = '\0';
	line = strrchr(err, '\n');
	line = strchr(line ? line : err, '/');
	if (!line)
		test_fail("the last line on standard error names no file: %s", err);
	for (end = line; *end && !strchr(" ,;:'\")", *end); end++)
		;
	return memory_text("%.*s", (int)(end - line), line);
}

static bool has_summary(void *path)
{
	char *text = file_read(path, NULL);

	return text && strstr(text, "SUMMARY: tcpwaitspy: ");
}

static void daemon_that_gives_up_standard_error_says_where_its_log_goes_on(void **state)
{
	const struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				      .env = {memory_text("TMPDIR=%s", file_temp(""))},
				      .directory = file_temp(""),
				      .input = SCRIPT_PAIR SCRIPT_END "quiet; daemon 0 0; " TALK "; exit 0\n"};
	struct run_result result;
	const char *path;
	struct stat info;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	path = named_file(result.err);
	test_until(has_summary, (void *)(uintptr_t)path, memory_text("the daemon's summary in %s", path));
	assert_non_null(strstr(file_read(path, NULL), "send("));
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	unlink(path);
}

static void dup2_over_standard_error_says_where_the_log_goes_on(void **state)
{
	const struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				      .directory = file_temp(""),
				      .input = SCRIPT_PAIR SCRIPT_END
				      "x=open /dev/null; dup2 x 2; close x\n" SCRIPT_PAIR SCRIPT_END};
	struct run_result result;
	const char *path;

	(void)state;
	result = run(&spec);
	run_assert_exit(&result, 0);
	path = named_file(result.err);
	assert_true(has_summary((void *)(uintptr_t)path));
	assert_non_null(strstr(file_read(path, NULL), "accept("));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest daemons[] = {
		TEST(log_goes_on_after_a_loop_that_closes_everything),
		TEST(log_goes_on_after_a_loop_over_all_possible_descriptors),
		TEST(log_goes_on_after_closefrom),
		TEST(log_goes_on_after_close_range),
		TEST(log_goes_on_after_dup2_over_every_descriptor),
		TEST(log_goes_on_with_few_descriptors_allowed),
		TEST(log_goes_on_as_nobody),
		TEST(log_goes_on_in_an_empty_root),
		TEST(state_is_still_the_kernel_s_as_nobody_in_an_empty_root),
		TEST(descriptors_of_nobody_are_answered_as_without_the_shim),
		TEST(log_goes_on_in_a_daemon),
		TEST(daemon_that_gives_up_standard_error_says_where_its_log_goes_on),
		TEST(dup2_over_standard_error_says_where_the_log_goes_on),
	};

	return cmocka_run_group_tests_name("daemon", daemons, NULL, NULL);
}
