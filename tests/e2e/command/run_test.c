/*
 * `tcpwaitspy run`: what the user sees of a program's connections, where the log goes, and the
 * summary however the program ends.
 */
#include "../../support/test.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../support/cli.h"

#define SCRIPT file_built("tests/programs/script")
/* The accepted end is in CLOSE_WAIT, its end of file read, and nobody closes it. */
#define LEAK SCRIPT_PAIR "close c; recv a 100\n"

static struct run_process *start_leak(void)
{
	struct run_process *command = cli_start("--close-wait", "20ms", "--watch", "10ms", SCRIPT);

	script_say_all(command, LEAK);
	return command;
}

static bool has_leak(void *command)
{
	return strstr(run_stderr_now(command), "ERROR: close-wait-leak") != NULL;
}

static void streams_and_status_of_the_program_are_its_own(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run("from stdin\n", "sh", "-c", "cat; echo to stderr >&2; exit 7");
	run_assert_exit(&result, 7);
	assert_string_equal(result.out, "from stdin\n");
	cli_assert_says(&result, "^to stderr\n");
}

static void environment_differs_in_the_two_variables_alone(void **state)
{
	struct run_spec plain;
	struct run_result with;
	struct run_result without;

	(void)state;
	/* sed leaves out the two, and the `_` that shells set. */
	with = cli_run(NULL, "sh", "-c",
		       "env | grep -vE '^(LD_PRELOAD|TCPWAITSPY_OPTIONS|_)=' | sort; pwd; umask; ulimit -a");
	plain = cli_spec(CLI_ARGS("x"));
	plain.argv[0] = "sh";
	plain.argv[1] = "-c";
	plain.argv[2] = "env | grep -vE '^(LD_PRELOAD|TCPWAITSPY_OPTIONS|_)=' | sort; pwd; umask; ulimit -a";
	without = run(&plain);
	assert_string_equal(with.out, without.out);
}

static void existing_settings_and_preloads_are_kept(void **state)
{
	struct run_spec spec =
		cli_spec(CLI_ARGS("--stack", "3", "sh", "-c", "echo \"$LD_PRELOAD $TCPWAITSPY_OPTIONS\""));
	struct run_result result;

	(void)state;
	spec.options = "stack=7:fin_wait=9s";
	spec.env[1] = "LD_PRELOAD=libc.so.6";
	result = run(&spec);
	run_assert_exit(&result, 0);
	if (!test_matches(result.out,
			  "^libc\\.so\\.6:/.*/libtcpwaitspy\\.so stack=7:fin_wait=9s:stack=3:log=.*:format=json\n$"))
		test_fail("%s", result.out);
}

static void each_call_is_a_line_of_the_text_log(void **state)
{
	static const char *const lines[] = {
		"socket\\(AF_INET, SOCK_STREAM, 0\\) = 3 \\| CLOSED \\| #1 \\* -> \\* \\|",
		"setsockopt\\(3, SOL_SOCKET, SO_REUSEADDR, 1\\) = 0 \\| CLOSED \\|",
		"listen\\(3, 5\\) = 0 \\| CLOSED -> LISTEN \\| #1 127\\.0\\.0\\.1:[0-9]+ <- \\* \\|",
		"connect\\(4, 127\\.0\\.0\\.1:[0-9]+\\) = 0 \\| CLOSED -> ESTABLISHED \\| #2 127\\.0\\.0\\.1:[0-9]+ ->",
		"accept\\(3\\) = 5 \\| ESTABLISHED \\| #3 127\\.0\\.0\\.1:[0-9]+ <- 127\\.0\\.0\\.1:[0-9]+ \\|",
		"recv\\(5, 100, 0\\) = 0 \\| ESTABLISHED -> CLOSE_WAIT \\| #3",
		"recv\\(5, 100, 0\\) = -1 EBADF \\| ",
	};
	struct run_result result;

	(void)state;
	result = cli_run(SCRIPT_PAIR "close c; recv a 100; close a; recv a 100; close s\n", SCRIPT);
	run_assert_exit(&result, 0);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		cli_assert_says(&result, memory_text("==[0-9]+== [0-9:]{8}\\.[0-9]{6} \\[[0-9]+\\] %s", lines[i]));
	cli_assert_says(&result, "ERROR: recv-after-close: recv\\(\\) on descriptor 5");
	cli_assert_says(&result, "SUMMARY: tcpwaitspy: 1 errors, 0 warnings, 0 notes in 2 connections\n");
}

static void rendered_text_is_what_the_shim_would_have_written(void **state)
{
	static const char lines[] = SCRIPT_PAIR "close c; recv a 100; close a; recv a 100\n";
	static const char strip[] =
		"sed -E 's/[0-9:]{8}\\.[0-9]{6}/T/g; s/==[0-9]+==/P/; s/\\[[0-9]+\\]/[T]/; "
		"s/127\\.0\\.0\\.1:[0-9]+/A/g; s/[0-9.]+ m?s/D/g; s/\\) [^ ]+:[0-9]+/)/; /^P +(inlined|[0-9]+ \\|)/d'";
	struct run_result shown;
	struct run_result written;
	struct run_result same;

	(void)state;
	shown = cli_run(lines, SCRIPT);
	written = script_run("", lines);
	file_write(file_temp("shown"), shown.err);
	file_write(file_temp("written"), written.err);
	same = cli_run(NULL, "bash", "-c",
		       memory_text("diff <(%s %s) <(%s %s)", strip, file_temp("shown"), strip, file_temp("written")));
	if (WEXITSTATUS(same.status) != 0)
		test_fail("%s", same.out);
}

static void finding_has_file_line_and_source(void **state)
{
	struct run_process *command = start_leak();
	struct run_result result;

	(void)state;
	test_until(has_leak, command, "the leak");
	script_say(command, "close a; close s");
	run_hang_up(command);
	result = run_finish(command);
	run_assert_exit(&result, 0);
	cli_assert_says(&result, "  cause: eof-read: recv\\(\\) returned 0 and descriptor 5 was never closed\n");
	cli_assert_says(&result,
			"    #[0-9]+ [a-z_]+\\+0x[0-9a-f]+ \\(script\\+0x[0-9a-f]+\\) [^ ]*script_[a-z]+\\.h:[0-9]+\n"
			"==[0-9]+== +[0-9]+ \\| .*\\(");
	cli_assert_says(&result,
			"  close-wait-leak: 1 at [a-z_]+\\+0x[0-9a-f]+ \\(script\\+0x[0-9a-f]+\\) [^ ]*:[0-9]+\n");
}

static int count_private_logs(void)
{
	DIR *directory = opendir(file_temp(""));
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(directory)) != NULL)
		count += strncmp(entry->d_name, "tcpwaitspy.", strlen("tcpwaitspy.")) == 0;
	closedir(directory);
	return count;
}

static pid_t child_of(pid_t parent, const char *name)
{
	struct run_result list =
		cli_run(NULL, "-o", "/dev/null", "ps", "-o", "pid=,comm=", "--ppid", memory_text("%d", (int)parent));
	char *line = strstr(list.out, name);

	if (!line)
		test_fail("%s is no child of %d:\n%s", name, (int)parent, list.out);
	while (line > list.out && line[-1] != '\n')
		line--;
	return (pid_t)strtol(line, NULL, 10);
}

static void killed_program_gets_its_summary(void **state)
{
	struct run_process *command = start_leak();
	struct run_result result;

	(void)state;
	test_until(has_leak, command, "the leak");
	assert_int_equal(count_private_logs(), 1);
	kill(child_of(run_pid(command), "script"), SIGKILL);
	result = run_finish(command);
	run_assert_signal(&result, SIGKILL);
	cli_assert_says(&result, "SUMMARY: tcpwaitspy: 1 errors, 0 warnings, 0 notes in 2 connections "
				 "\\(killed by SIGKILL; counted by tcpwaitspy\\)\n");
	cli_assert_says(&result, "  close-wait-leak: 1 at ");
	cli_assert_says(&result, "  CLOSE_WAIT: 1 connection, total [0-9]+ ms, longest [0-9]+ ms\n");
	cli_assert_says(&result, "  open by state: 1 CLOSE_WAIT, 1 LISTEN\n");
	cli_assert_says(&result, "  still open: descriptor 5 \\| CLOSE_WAIT \\| #3 127\\.0\\.0\\.1:[0-9]+ <- 127");
	/* Nothing stays behind. */
	assert_int_equal(count_private_logs(), 0);
}

static void private_log_is_nobody_else_s(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run(NULL, "sh", "-c", "stat -c '%a %F' $TMPDIR/tcpwaitspy.* $TMPDIR/tcpwaitspy.*/*");
	assert_string_equal(result.out, "700 directory\n600 regular file\n");
}

static void quiet_leaves_findings_and_summary(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run(SCRIPT_PAIR "close a; recv a 5; close c; close s\n", "-q", SCRIPT);
	cli_assert_silent_about(&result, "socket\\(|LAST_ACK \\|");
	cli_assert_says(&result, "ERROR: recv-after-close");
	cli_assert_says(&result, "SUMMARY: tcpwaitspy: 1 errors");
}

static void children_have_lines_of_their_own(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run(SCRIPT_PAIR "fork send a hello; close c; close a; close s; _exit 0\n" SCRIPT_END, SCRIPT);
	run_assert_exit(&result, 0);
	/* It goes on with its parent's connections, and knows which side opened them. */
	cli_assert_says(&result, "send\\(5, 5, 0\\) = 5 \\| ESTABLISHED \\| #3 127\\.0\\.0\\.1:[0-9]+ <- ");
	cli_assert_says(&result, "close\\(3\\) = 0 \\| LISTEN( -> CLOSED)? \\| #1 127\\.0\\.0\\.1:[0-9]+ <- ");
	/* Two processes, two summaries. */
	assert_non_null(strstr(strstr(result.err, "SUMMARY") + 1, "SUMMARY"));
}

static void log_of_the_user_s_own_is_followed(void **state)
{
	struct run_result result;
	struct log log;

	(void)state;
	result = cli_run(SCRIPT_PAIR SCRIPT_END, "--log", "own.%e.json", "--format", "json", SCRIPT);
	run_assert_exit(&result, 0);
	log = log_read(file_temp("own.script.json"));
	assert_non_null(log_first(&log, &(const struct log_match){.call = "accept"}));
	cli_assert_says(&result, "accept\\(3\\) = 5 \\| ESTABLISHED");
	/* A second run tells nothing of the first. */
	result = cli_run(SCRIPT_LISTENER "close s\n", "--log", "own.%e.json", "--format", "json", SCRIPT);
	cli_assert_says(&result, "listen\\(");
	cli_assert_silent_about(&result, "accept\\(");
}

static void text_log_of_the_user_s_own_is_complete(void **state)
{
	struct run_result result;
	struct stat status;
	char *text;

	(void)state;
	result = cli_run(SCRIPT_PAIR SCRIPT_END, "--log", "own.log", SCRIPT);
	run_assert_exit(&result, 0);
	assert_string_equal(result.err, "");
	text = file_read(file_temp("own.log"), NULL);
	assert_true(test_matches(text, "==[0-9]+== [0-9:.]+ \\[[0-9]+\\] socket\\(AF_INET"));
	assert_non_null(strstr(text, "SUMMARY"));
	assert_int_equal(stat(file_temp("own.log"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void json_on_stderr_is_json(void **state)
{
	struct run_result result;
	struct log log;

	(void)state;
	result = cli_run(SCRIPT_PAIR SCRIPT_END, "--format", "json", SCRIPT);
	run_assert_exit(&result, 0);
	log = log_parse(result.err, result.err_len, "stderr");
	assert_non_null(log_first(&log, &(const struct log_match){.call = "accept"}));
	assert_non_null(log_first(&log, &(const struct log_match){.type = "summary"}));
}

static void json_summary_of_a_killed_program_is_valid_too(void **state)
{
	struct run_process *command = cli_start("--format", "json", SCRIPT);
	struct run_result result;
	struct log log;

	(void)state;
	script_say_all(command, LEAK);
	kill(child_of(run_pid(command), "script"), SIGKILL);
	result = run_finish(command);
	log = log_parse(result.err, result.err_len, "stderr");
	log_assert_text(log_first(&log, &(const struct log_match){.type = "summary"}), "ended", "killed by SIGKILL");
}

/* The inner one is a process of the outer one's log, which it inherits: neither waits for the other. */
static void command_under_the_command_ends(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run(NULL, "-q", file_built("tcpwaitspy"), "-q", "sh", "-c", "exit 5");
	run_assert_exit(&result, 5);
}

/* As the variable has it, and as options are spelt. */
static void settings_have_both_spellings(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run(NULL, "-q", "--close_wait=1s", "--fin_wait", "2s", "--close-wait", "3s", "sh", "-c",
			 "echo $TCPWAITSPY_OPTIONS");
	run_assert_exit(&result, 0);
	assert_true(test_matches(result.out, "close_wait=1s.*fin_wait=2s.*close_wait=3s"));
}

static void exitcode_is_the_shim_s(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run(SCRIPT_PAIR "close a; recv a 5; close c; close s\n", "--exitcode", "99", "-q", SCRIPT);
	run_assert_exit(&result, 99);
}

static void processes_left_running_are_waited_for(void **state)
{
	struct run_result result;

	(void)state;
	/* The script ends at once; what it left goes on when that has gone, and ends when it has read its input. */
	result = cli_run(NULL, "sh", "-c",
			 memory_text("(echo '%s'; while kill -0 $$ 2>&-; do sleep 0.01; done; echo 'close s') | %s "
				     ">/dev/null & exit 3",
				     "s=socket 4 stream; bind s 127.0.0.1 0; listen s 5", SCRIPT));
	run_assert_exit(&result, 3);
	cli_assert_says(&result, "close\\(3\\) = 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(streams_and_status_of_the_program_are_its_own),
		TEST(environment_differs_in_the_two_variables_alone),
		TEST(existing_settings_and_preloads_are_kept),
		TEST(each_call_is_a_line_of_the_text_log),
		TEST(rendered_text_is_what_the_shim_would_have_written),
		TEST(finding_has_file_line_and_source),
		TEST(killed_program_gets_its_summary),
		TEST(private_log_is_nobody_else_s),
		TEST(quiet_leaves_findings_and_summary),
		TEST(children_have_lines_of_their_own),
		TEST(log_of_the_user_s_own_is_followed),
		TEST(text_log_of_the_user_s_own_is_complete),
		TEST(json_on_stderr_is_json),
		TEST(json_summary_of_a_killed_program_is_valid_too),
		TEST(command_under_the_command_ends),
		TEST(settings_have_both_spellings),
		TEST(exitcode_is_the_shim_s),
		TEST(processes_left_running_are_waited_for),
	};

	return cmocka_run_group_tests_name("cli_run", tests, NULL, NULL);
}
