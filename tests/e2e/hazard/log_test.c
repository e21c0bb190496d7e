/*
 * Logs that fail: interrupted and refused writes, readers that go, paths that become something else. It is
 * said once, what is lost is counted, no line is torn, and the program does not notice.
 */
#include "compare.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TALK SCRIPT_PAIR "send c hello; recv a 9; rounds c a 20\n" SCRIPT_END

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* The script under strace, which makes some of the writes to the log fail. */
static struct run_result run_with_writes(const char *how, const char *path, const char *options)
{
	struct run_spec spec = {
		.argv = {test_require("strace"), "-qq", "-f", "-o", "/dev/null", "-P", path, "-e", "trace=write", "-e",
			 memory_text("inject=write:%s", how), "-E",
			 memory_text("LD_PRELOAD=%s", file_built("libtcpwaitspy.so")), "-E",
			 memory_text("TCPWAITSPY_OPTIONS=%s", options), file_built("tests/programs/script")},
		.directory = file_temp(""),
		.plain = true,
		.input = TALK,
	};
	struct run_result result = run(&spec), plain = script_run_plain(TALK);

	if (strstr(result.err, "ptrace"))
		test_skip("strace may not trace here: %.200s", result.err);
	run_assert_same(&result, &plain);
	return result;
}

static void interrupted_writes_are_made_again(void **state)
{
	struct run_result result;
	size_t expected;
	struct log log;

	(void)state;
	expected = script_run_logged(NULL, TALK).count;
	assert_int_equal(remove(script_log()), 0);
	result = run_with_writes("error=EINTR:when=2+3", script_log(), script_options(NULL));
	assert_string_equal(result.err, "");
	log = log_read(script_log());
	/* The watcher may see one change more or less. */
	assert_in_range(log.count, expected - 1, expected + 1);
	log_assert_number(hazard_summary(&log), "lost.lines", 0);
}

static void writes_that_fail_for_a_while_are_said_once_and_counted(void **state)
{
	struct run_result result;
	struct log log;

	(void)state;
	result = run_with_writes("error=EIO:when=5..9", script_log(), script_options(NULL));
	assert_int_equal(count_lines(result.err), 2);
	assert_non_null(strstr(result.err, "cannot write log"));
	assert_non_null(strstr(result.err, "EIO"));
	assert_non_null(strstr(result.err, "5 lines lost"));
	log = log_read(script_log());
	log_assert_number(hazard_summary(&log), "lost.lines", 5);
}

/* The log is a pipe with a name, and its reader ends in the middle. */
static void reader_that_goes_is_said_once_and_harms_nobody(void **state)
{
	const char *pipe_path = file_temp("pipe");
	struct run_process *script;
	struct run_result result;
	char first[4096];
	int reader;

	(void)state;
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	reader = open(pipe_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(reader >= 0);
	script = script_start(memory_text("log=%s:format=json", pipe_path));
	script_say_all(script, SCRIPT_PAIR);
	assert_true(read(reader, first, sizeof(first)) > 0);
	close(reader);
	script_expect(script, "send c hello", "send = 5");
	script_expect(script, "recv a 9", "recv = 5 \"hello\"");
	script_say_all(script, SCRIPT_END);
	result = run_finish(script);
	run_assert_exit(&result, 0);
	assert_int_equal(count_lines(result.err), 2);
	assert_non_null(strstr(result.err, "EPIPE"));
	assert_true(test_matches(result.err, " [1-9][0-9]* lines lost"));
}

/* Between two programs of the same process somebody puts a link, or a directory, where the log was. */
static void plant(bool directory, const char *what)
{
	const char *victim = file_temp("victim");
	struct run_process *script;
	struct run_result result;

	file_write(victim, "mine\n");
	script = script_start(script_options(NULL));
	script_say_all(script, SCRIPT_PAIR);
	assert_int_equal(rename(script_log(), file_temp("first.json")), 0);
	if (directory)
		assert_int_equal(mkdir(script_log(), 0700), 0);
	else
		assert_int_equal(symlink(victim, script_log()), 0);
	/* The log that is open goes on, where it is. */
	script_say_all(script, SCRIPT_END);
	run_say(script, "exec");
	script_say_all(script, SCRIPT_PAIR SCRIPT_END);
	result = run_finish(script);
	run_assert_exit(&result, 0);
	assert_string_equal(file_read(victim, NULL), "mine\n");
	assert_true(test_matches(result.err, "^tcpwaitspy: cannot open log "));
	assert_non_null(strstr(result.err, what));
	assert_non_null(strstr(result.err, "using stderr"));
	log_read(file_temp("first.json"));
	assert_int_equal(log_count(&(const struct log[]){log_read(file_temp("first.json"))}[0],
				   &(const struct log_match){.call = "accept"}),
			 1);
}

static void log_that_becomes_a_link_is_not_followed(void **state)
{
	(void)state;
	plant(false, "ELOOP");
}

static void log_that_becomes_a_directory_is_said(void **state)
{
	(void)state;
	plant(true, "EISDIR");
	assert_int_equal(rmdir(script_log()), 0);
}

/* A file system of its own on the working directory, which nobody may write to. */
static void in_read_only_directory(void)
{
	const char *directory = getenv("HAZARD_DIRECTORY");

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", ".", "tmpfs", MS_RDONLY, "size=64k") != 0)
		_exit(HAZARD_NOT_HERE);
	/* Into what was mounted over it. */
	if (!directory || chdir(directory) != 0)
		_exit(125);
}

static void read_only_file_system_is_said(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.directory = file_temp(""),
				.options = "log=log.txt",
				.in_child = in_read_only_directory,
				.input = TALK};
	struct run_result result;

	(void)state;
	assert_int_equal(setenv("HAZARD_DIRECTORY", file_temp(""), 1), 0);
	result = hazard_compare(&spec);
	assert_non_null(strstr(result.err, "cannot open log \"log.txt\": EROFS"));
	assert_non_null(strstr(result.err, "SUMMARY"));
}

static void device_that_takes_nothing_is_said(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.directory = file_temp(""),
				.options = "log=/dev/full",
				.input = TALK};
	struct run_result result;

	(void)state;
	result = hazard_compare(&spec);
	assert_int_equal(count_lines(result.err), 2);
	assert_non_null(strstr(result.err, "ENOSPC"));
}

/* What the parent has lost is the parent's to tell. */
static void forks_child_that_lost_nothing_says_nothing(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run("log=/dev/full", SCRIPT_PAIR "fork tasks\n" SCRIPT_END);
	run_assert_exit(&result, 0);
	assert_int_equal(count_lines(result.err), 2);
}

int main(void)
{
	const struct CMUnitTest logs[] = {
		TEST(interrupted_writes_are_made_again),
		TEST(writes_that_fail_for_a_while_are_said_once_and_counted),
		TEST(reader_that_goes_is_said_once_and_harms_nobody),
		TEST(log_that_becomes_a_link_is_not_followed),
		TEST(log_that_becomes_a_directory_is_said),
		TEST(read_only_file_system_is_said),
		TEST(device_that_takes_nothing_is_said),
		TEST(forks_child_that_lost_nothing_says_nothing),
	};

	return cmocka_run_group_tests_name("hazard_log", logs, NULL, NULL);
}
