/*
 * A process that becomes another user, and executes another program then: the log under its own number goes on, or
 * its place is taken by stderr; and a program without a socket says nothing at all.
 */
#include "../../support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOBODY 65534
#define BECOME "become 65534; exec\n"

/* What nobody can load, wherever the build is: a copy in a directory that everybody may enter. */
static const char *shim_for_everybody(void)
{
	const char *copy = file_temp("shim.so");
	const struct run_spec spec = {.argv = {"cp", file_built("libtcpwaitspy.so"), copy}, .plain = true};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
	assert_int_equal(chmod(copy, 0755), 0);
	assert_int_equal(chmod(file_temp(""), 0755), 0);
	return copy;
}

/* The program under a log with %p in a directory where the other user can make no file. */
static struct run_result run_lines(const char *format, const char *lines)
{
	const struct run_spec spec = {
		.argv = {file_built("tests/programs/script")},
		.plain = true,
		.env = {memory_text("LD_PRELOAD=%s", shim_for_everybody()),
			memory_text("TCPWAITSPY_OPTIONS=log=%s:format=%s", file_temp("log.%p"), format)},
		.input = lines,
	};

	return run(&spec);
}

static void require_root(void)
{
	if (geteuid() != 0 || net_is_unprivileged())
		test_skip("only root can become another user");
}

/* The one log.N in the test's directory. */
static const char *only_log(void)
{
	const struct run_spec spec = {.argv = {"sh", "-c", memory_text("ls %s/log.*", file_temp(""))}, .plain = true};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
	assert_ptr_equal(strchr(result.out, '\n'), result.out + result.out_len - 1);
	result.out[result.out_len - 1] = '\0';
	return result.out;
}

static void log_goes_on_in_the_program_that_another_user_executes(void **state)
{
	struct run_result result;
	const char *path;
	struct stat info;
	struct log log;

	(void)state;
	require_root();
	result = run_lines("json", BECOME SCRIPT_PAIR SCRIPT_END);
	run_assert_exit(&result, 0);
	assert_string_equal(result.err, "");
	path = only_log();
	log = log_read(path);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 2);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 1);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_uid, NOBODY);
	assert_int_equal(info.st_mode & 07777, 0600);
}

/* Its connections are nothing that the other user may read. */
static void log_with_connections_is_not_handed_over(void **state)
{
	struct run_result result;
	struct stat info;

	(void)state;
	require_root();
	result = run_lines("json", SCRIPT_PAIR SCRIPT_END BECOME);
	run_assert_exit(&result, 0);
	assert_int_equal(stat(only_log(), &info), 0);
	assert_int_equal(info.st_uid, 0);
}

static void log_out_of_reach_is_not_complained_of_by_a_program_without_sockets(void **state)
{
	struct run_result result;

	(void)state;
	require_root();
	result = run_lines("text", SCRIPT_PAIR SCRIPT_END BECOME "pipe r w; write w hello; read r 9\n");
	run_assert_exit(&result, 0);
	assert_string_equal(result.err, "");
}

static void log_out_of_reach_goes_on_in_stderr_with_the_first_socket(void **state)
{
	struct run_result result;

	(void)state;
	require_root();
	result = run_lines("text", SCRIPT_PAIR SCRIPT_END BECOME SCRIPT_PAIR SCRIPT_END);
	run_assert_exit(&result, 0);
	assert_true(test_matches(result.err, "^tcpwaitspy: cannot open log \"[^\"]*/log.%p\": EACCES; [^\n]*\n=="));
	assert_null(strstr(strchr(result.err, '\n'), "cannot open"));
	assert_non_null(strstr(result.err, "accept("));
	assert_non_null(strstr(result.err, "SUMMARY: tcpwaitspy: 0 errors, 0 warnings"));
}

/* What was stderr once may be the program's own file by now. */
static void log_out_of_reach_leaves_another_stderr_alone(void **state)
{
	struct run_result result;
	const char *said, *path;

	(void)state;
	require_root();
	result = run_lines("text", SCRIPT_PAIR SCRIPT_END BECOME
			   "x=open /dev/null; dup2 x 2; close x\n" SCRIPT_PAIR SCRIPT_END "pid\n");
	run_assert_exit(&result, 0);
	assert_string_equal(result.err, "");
	said = strstr(result.out, "pid = ");
	assert_non_null(said);
	path = memory_text("/tmp/tcpwaitspy.%d.log", atoi(said + strlen("pid = ")));
	assert_non_null(strstr(file_read(path, NULL), "accept("));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest rights[] = {
		TEST(log_goes_on_in_the_program_that_another_user_executes),
		TEST(log_with_connections_is_not_handed_over),
		TEST(log_out_of_reach_is_not_complained_of_by_a_program_without_sockets),
		TEST(log_out_of_reach_goes_on_in_stderr_with_the_first_socket),
		TEST(log_out_of_reach_leaves_another_stderr_alone),
	};

	return cmocka_run_group_tests_name("rights", rights, NULL, NULL);
}
