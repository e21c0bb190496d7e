/*
 * `tcpwaitspy report`: what a user sees of logs, whole, cut and damaged, of one process and of several; what
 * it writes besides; how it ends. That each rule is told at its line is twins_test.c's.
 */
#include "../../support/test.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../support/cli.h"
#include "../../support/sarif.h"
#include "../../support/trace.h"

#define LEAK "close-wait-leak.bad"

/* A log of the program that leaks a connection in handle_client(). */
static const char *leak_log(const char *name)
{
	const char *path = file_temp(name);
	struct run_spec spec = {
		.argv = {file_built("demo/twins/" LEAK), "0.25"},
		.options = memory_text("log=%s:format=json:close_wait=100ms:watch=50ms", path),
	};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
	return path;
}

static void assert_prints(const struct run_result *result, const char *pattern)
{
	if (!test_matches(result->out, pattern))
		test_fail("\"%s\" is not printed in:\n%s\n%s", pattern, result->out, result->err);
}

/* The line of the twin that has this text. */
static unsigned int line_of(const char *text)
{
	const char *source = file_read(file_source("demo/twins/" LEAK ".c"), NULL);
	const char *at = source ? strstr(source, text) : NULL;
	unsigned int line = 1;

	if (!at)
		test_fail("%s is not in the twin", text);
	for (; source < at; source++)
		line += *source == '\n';
	return line;
}

static void a_finding_has_its_line_and_the_source(void **state)
{
	struct run_result result = cli_run(NULL, "report", leak_log("log"));

	(void)state;
	run_assert_exit(&result, 0);
	assert_prints(&result, memory_text("^ERROR: close-wait-leak: 1 time at handle_client [^ ]*" LEAK "\\.c:%u\n",
					   line_of("got = recv(")));
	assert_prints(&result, memory_text("\n +%u \\| got = recv\\(fd, request, sizeof\\(request\\), 0\\);\n",
					   line_of("got = recv(")));
	assert_prints(&result, "\n  cause: recv\\(\\) returned 0 and descriptor [0-9]+ was never closed\n");
	assert_prints(&result, "\n  CLOSE_WAIT  1 connection, total ");
	assert_prints(&result, "\n1 error, 0 warnings, 0 notes at 1 place in 2 connections of 1 process\n");
	assert_string_equal(result.err, "");
}

static void several_processes_are_one_place(void **state)
{
	struct run_result result = cli_run(NULL, "report", leak_log("one"), leak_log("two"));

	(void)state;
	assert_prints(&result, "^ERROR: close-wait-leak: 2 times at handle_client ");
	assert_prints(&result, " in " LEAK "\\[[0-9]+\\] on [^ ]+, " LEAK "\\[[0-9]+\\] on [^ ]+\n");
	assert_prints(&result, "of 2 processes\n$");
}

static void a_directory_and_standard_input_are_read(void **state)
{
	const char *log = leak_log("logs.json");
	struct run_result result = cli_run(file_read(log, NULL), "report", "-");

	(void)state;
	assert_prints(&result, "ERROR: close-wait-leak: 1 time at handle_client ");
	assert_int_equal(mkdir(file_temp("logs"), 0700), 0);
	leak_log("logs/one");
	leak_log("logs/two");
	result = cli_run(NULL, "report", file_temp("logs"));
	assert_prints(&result, "ERROR: close-wait-leak: 2 times at handle_client ");
}

static void fail_on_decides_the_exit_status(void **state)
{
	const char *log = leak_log("log");
	const struct {
		const char *options[3];
		int status;
	} cases[] = {
		{{"-v", "-v", "-v"}, 0},
		{{"--fail-on=error", "-v", "-v"}, 1},
		{{"--fail-on=note", "-v", "-v"}, 1},
		{{"--fail-on=error", "--rule=open-at-exit", "-v"}, 0},
		{{"--fail-on=error", "--since=2100-01-01", "-v"}, 0},
		{{"--fail-on=error", "--since=1h", "--top=1"}, 1},
		{{"--fail-on=error", "--severity=error", "--color=never"}, 1},
		{{"--fail-on=terrible", "-v", "-v"}, 2},
		{{"--rule=close-wait-leek", "-v", "-v"}, 2},
		{{"--since=then", "-v", "-v"}, 2},
		{{"--top=0", "-v", "-v"}, 2},
		{{"--frobnicate", "-v", "-v"}, 2},
		{{"--csv=-", "--sarif=-", "-v"}, 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct run_result result =
			cli_run(NULL, "report", cases[i].options[0], cases[i].options[1], cases[i].options[2], log);

		run_assert_exit(&result, cases[i].status);
	}
}

static void what_cannot_be_understood_is_named_with_what_can(void **state)
{
	struct run_result result = cli_run(NULL, "report", "--rule=close-wait-leek", "log");

	(void)state;
	cli_assert_says(&result, "no rule is named \"close-wait-leek\": did you mean close-wait-leak; ");
	result = cli_run(NULL, "report", "--severity=bad", "log");
	cli_assert_says(&result, "bad value \"bad\" for --severity: error, warning or note is valid");
	result = cli_run(NULL, "report", "--frob", "log");
	cli_assert_says(&result, "unknown option --frob; valid are --since, .*--sarif");
	result = cli_run(NULL, "report");
	run_assert_exit(&result, 2);
	cli_assert_says(&result, "no file to report on");
}

static void a_file_that_cannot_be_read_is_named_and_the_others_are_reported(void **state)
{
	struct run_result result = cli_run(NULL, "report", "/nonexistent/log", leak_log("log"));

	(void)state;
	run_assert_exit(&result, 126);
	cli_assert_says(&result, "^tcpwaitspy: /nonexistent/log: No such file or directory\n");
	assert_prints(&result, "ERROR: close-wait-leak");
	result = cli_run(NULL, "report", "/nonexistent/log");
	run_assert_exit(&result, 126);
	assert_string_equal(result.out, "");
}

/* A check that reads the wrong file must not pass; in a directory of logs there may be other files. */
static void a_file_without_records_is_said_to_have_none(void **state)
{
	struct run_result result;

	(void)state;
	file_write(file_temp("notes"), "==1== 14:03:22.104512 [1] close(3) = 0\nhello\n");
	file_write(file_temp("empty"), "");
	result = cli_run(NULL, "report", "--fail-on=error", file_temp("notes"), file_temp("empty"));
	run_assert_exit(&result, 126);
	cli_assert_says(&result, "notes has no record of a JSON log ");
	cli_assert_says(&result, "empty is empty\n");
	result = cli_run(NULL, "report", file_temp("empty"));
	run_assert_exit(&result, 0);
	result = cli_run(NULL, "report", file_built("tcpwaitspy"));
	run_assert_exit(&result, 126);
	cli_assert_says(&result, "tcpwaitspy has no record of a JSON log .*: [0-9]+ damaged ");
	result = cli_run(NULL, "report", file_temp(""));
	run_assert_exit(&result, 0);
	cli_assert_says(&result, "notes has no record of a JSON log ");
}

static void a_damaged_log_gives_what_can_be_read_and_one_line_on_the_rest(void **state)
{
	const char *text = file_read(leak_log("log"), NULL);
	const char *finding = strstr(text, "{\"v\":1,\"type\":\"finding\"");
	struct run_result result;

	(void)state;
	assert_non_null(finding);
	file_write(file_temp("damaged"),
		   memory_text("%.*s\nprogram's own words\n{\"v\":1,\"type\":\"call\",\"ts\":garbage}\n%s%.40s",
			       (int)strcspn(text, "\n"), text, finding, finding));
	result = cli_run(NULL, "report", file_temp("damaged"));
	run_assert_exit(&result, 0);
	assert_prints(&result, "^ERROR: close-wait-leak: 1 time at handle_client ");
	cli_assert_says(&result, "^tcpwaitspy: [^ ]*damaged: 2 damaged \\(the first in line 3: [^\n]*\\)\n$");
}

static void a_log_that_was_cut_tells_that_its_process_has_no_summary(void **state)
{
	const char *text = file_read(leak_log("log"), NULL);
	struct run_result result;

	(void)state;
	file_write(file_temp("cut"), memory_text("%.*s", (int)(strstr(text, "\"type\":\"summary\"") - text - 7), text));
	result = cli_run(NULL, "report", file_temp("cut"));
	run_assert_exit(&result, 0);
	assert_prints(&result, "^ERROR: close-wait-leak: at least 1 time at handle_client ");
	assert_prints(&result, "\nWithout a summary \\(killed, or still running\\): " LEAK "\\[[0-9]+\\] on ");
	/* The time in CLOSE_WAIT is then what the calls tell. */
	assert_prints(&result, "\n  CLOSE_WAIT  1 connection, total [0-9]");
}

static void put_object(void *object)
{
	json_object_put(object);
}

static json_object *parsed(const char *path)
{
	json_object *object = json_object_from_file(path);

	if (!object)
		test_fail("%s is no JSON", path);
	return memory_keep(object, put_object);
}

static void outputs_are_written_beside_the_report(void **state)
{
	struct run_result result;
	const char *html;
	json_object *trace;

	(void)state;
	result = cli_run(NULL, "report", "--sarif", file_temp("out.sarif"), "--perfetto", file_temp("out.trace"),
			 "--folded", file_temp("out.folded"), "--csv", file_temp("out.csv"), "--html",
			 file_temp("out.html"), leak_log("log"));
	run_assert_exit(&result, 0);
	assert_prints(&result, "^ERROR: close-wait-leak");
	if (sarif_complaint(parsed(file_temp("out.sarif"))))
		test_fail("%s", sarif_complaint(parsed(file_temp("out.sarif"))));
	trace = parsed(file_temp("out.trace"));
	if (trace_complaint(trace))
		test_fail("%s", trace_complaint(trace));
	assert_true(trace_count(trace, "X", "call") > 5);
	assert_true(trace_count(trace, "X", "state") > 5);
	assert_int_equal(trace_count(trace, "i", "finding"), 1);
	assert_string_equal(file_read(file_temp("out.folded"), NULL), LEAK ";[close-wait-leak];main;handle_client 1\n");
	html = file_read(file_temp("out.html"), NULL);
	assert_non_null(html);
	assert_true(test_matches(html, "handle_client"));
}

static void an_output_on_stdout_stands_there_alone(void **state)
{
	struct run_result result = cli_run(NULL, "report", "--csv=-", leak_log("log"));

	(void)state;
	run_assert_exit(&result, 0);
	assert_prints(&result, "^severity,rule,count,[^\n]*\r\nerror,close-wait-leak,1,[^\n]*\r\n$");
	result = cli_run(NULL, "report", "--csv=/dev/full", file_temp("log"));
	run_assert_exit(&result, 126);
	cli_assert_says(&result, "^tcpwaitspy: /dev/full: No space left on device\n");
	result = cli_run(NULL, "report", "--sarif=/nonexistent/out", file_temp("log"));
	run_assert_exit(&result, 126);
	cli_assert_says(&result, "/nonexistent/out: No such file");
}

static int slave_fd;

static void take_terminal(void)
{
	if (dup2(slave_fd, 2) == -1)
		_exit(126);
}

/* Everything that has come from the terminal so far. */
struct screen {
	struct run_process *command;
	int fd;
	const char *lines; /* said each time that nothing new has come */
	char text[1 << 16];
	size_t len;
};

static bool shows_progress(void *opaque)
{
	struct screen *screen = opaque;
	ssize_t got = read(screen->fd, screen->text + screen->len, sizeof(screen->text) - 1 - screen->len);

	if (got > 0)
		screen->len += (size_t)got;
	if (strstr(screen->text, "reading "))
		return true;
	run_say(screen->command, screen->lines);
	return false;
}

static void long_reads_show_progress_on_a_terminal_and_clear_it(void **state)
{
	static struct screen screen;
	const char *call = "{\"v\":1,\"type\":\"state\",\"ts\":\"2026-11-22T14:00:00Z\",\"pid\":1,\"conn\":1}\n";
	struct run_spec spec = cli_spec(CLI_ARGS("report", "-"));
	char *lines = memory_get(2048 * strlen(call) + 1);
	struct run_result result;
	int master_fd;

	(void)state;
	for (size_t i = 0; i < 2048; i++)
		memcpy(lines + i * strlen(call), call, strlen(call));
	lines[2048 * strlen(call) - 1] = '\0';
	assert_int_equal(openpty(&master_fd, &slave_fd, NULL, NULL, NULL), 0);
	assert_int_equal(fcntl(master_fd, F_SETFL, O_NONBLOCK), 0);
	spec.dialog = true;
	spec.in_child = take_terminal;
	screen = (struct screen){.command = run_start(&spec), .fd = master_fd, .lines = lines};
	close(slave_fd);
	test_until(shows_progress, &screen, "progress on the terminal");
	result = run_finish(screen.command);
	run_assert_exit(&result, 0);
	while (screen.len < sizeof(screen.text) - 1) {
		ssize_t got = read(master_fd, screen.text + screen.len, sizeof(screen.text) - 1 - screen.len);

		if (got <= 0)
			break;
		screen.len += (size_t)got;
	}
	close(master_fd);
	if (!test_matches(screen.text, "^\r\033\\[Kreading -: [0-9]+ MB"))
		test_fail("the terminal shows %s", screen.text);
	assert_string_equal(screen.text + strlen(screen.text) - 4, "\r\033[K");
	assert_null(strstr(result.out, "\033"));
}

/* It has read all there is, and waits for more. */
static bool waits_for_more(void *opaque)
{
	const char *stat = file_read(memory_text("/proc/%d/stat", (int)run_pid(opaque)), NULL);
	const char *wait = file_read(memory_text("/proc/%d/wchan", (int)run_pid(opaque)), NULL);
	const char *end = stat ? strrchr(stat, ')') : NULL;

	return end && end[2] == 'S' && wait && strstr(wait, "pipe_read");
}

static void control_c_ends_the_reading_and_reports_what_was_read(void **state)
{
	const char *text = file_read(leak_log("log"), NULL);
	struct run_process *command = cli_start("report", "--fail-on=error", "-");
	struct run_result result;

	(void)state;
	run_say(command, text);
	test_until(waits_for_more, command, "the command to wait for more");
	result = run_stop(command, SIGINT);
	run_assert_exit(&result, 128 + SIGINT);
	cli_assert_says(&result, "^tcpwaitspy: interrupted: [0-9]+ bytes of - were read\n$");
	assert_prints(&result, "^ERROR: close-wait-leak: 1 time at handle_client ");
}

static void another_build_than_the_logged_one_gives_no_lines(void **state)
{
	const char *text = file_read(leak_log("log"), NULL);
	const char *module = file_built("demo/twins/" LEAK);
	char *moved = memory_get(strlen(text) * 2);
	struct run_result result;
	const char *at;
	size_t len = 0;

	(void)state;
	/* The same log, had it come from a program that is another one here now. */
	for (at = strstr(text, "\"build_id\":\""); at; text = at + 12, at = strstr(text, "\"build_id\":\""))
		len += (size_t)sprintf(moved + len, "%.*s\"build_id\":\"00", (int)(at - text), text);
	strcpy(moved + len, text);
	file_write(file_temp("moved"), moved);
	result = cli_run(NULL, "report", file_temp("moved"));
	run_assert_exit(&result, 0);
	assert_prints(&result, "^ERROR: close-wait-leak: 1 time at handle_client\\+0x[0-9a-f]+ \\(" LEAK "\\+0x");
	cli_assert_says(&result, memory_text("^tcpwaitspy: %s is another build than the one logged", module));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_finding_has_its_line_and_the_source),
		TEST(several_processes_are_one_place),
		TEST(a_directory_and_standard_input_are_read),
		TEST(fail_on_decides_the_exit_status),
		TEST(what_cannot_be_understood_is_named_with_what_can),
		TEST(a_file_that_cannot_be_read_is_named_and_the_others_are_reported),
		TEST(a_file_without_records_is_said_to_have_none),
		TEST(a_damaged_log_gives_what_can_be_read_and_one_line_on_the_rest),
		TEST(a_log_that_was_cut_tells_that_its_process_has_no_summary),
		TEST(outputs_are_written_beside_the_report),
		TEST(an_output_on_stdout_stands_there_alone),
		TEST(long_reads_show_progress_on_a_terminal_and_clear_it),
		TEST(control_c_ends_the_reading_and_reports_what_was_read),
		TEST(another_build_than_the_logged_one_gives_no_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
