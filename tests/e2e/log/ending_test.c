/*
 * The ends of a process: a summary at each of them, and an exit status or a signal that is the
 * one it would have been without us, unless `exitcode` asks for another.
 */
#include "../../support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAULT "close c; close c; recv a 9; close a; close s\n"

static void assert_one_summary(void)
{
	struct log log = log_read(script_log());

	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 1);
	log_assert_text(log.records[log.count - 1], "type", "summary");
	log_assert_number(log.records[log.count - 1], "connections", 2);
}

static void assert_ends_with(const char *last_line, int status)
{
	struct run_result result =
		script_run(script_options(NULL), memory_text("%s%s%s\n", SCRIPT_PAIR, SCRIPT_END, last_line));

	run_assert_exit(&result, status);
	assert_one_summary();
}

static void summary_comes_when_main_returns(void **state)
{
	(void)state;
	assert_ends_with("return 5", 5);
}

static void summary_comes_at_exit(void **state)
{
	(void)state;
	assert_ends_with("exit 6", 6);
}

static void summary_comes_at__exit(void **state)
{
	(void)state;
	assert_ends_with("_exit 7", 7);
}

static void summary_comes_at__Exit(void **state)
{
	(void)state;
	assert_ends_with("_Exit 8", 8);
}

static void summary_comes_at_quick_exit(void **state)
{
	(void)state;
	assert_ends_with("quick_exit 9", 9);
}

/* Runs until the script is at work, sends the signal, and expects to be told the same signal. */
static void assert_killed_by(int sig)
{
	struct run_process *script = script_start(script_options(NULL));
	struct run_result result;

	script_say_all(script, SCRIPT_PAIR SCRIPT_END);
	result = run_stop(script, sig);
	run_assert_signal(&result, sig);
	assert_one_summary();
}

static void summary_comes_at_SIGINT_which_still_kills(void **state)
{
	(void)state;
	assert_killed_by(SIGINT);
}

static void summary_comes_at_SIGTERM_which_still_kills(void **state)
{
	(void)state;
	assert_killed_by(SIGTERM);
}

static void summary_comes_at_SIGHUP_which_still_kills(void **state)
{
	(void)state;
	assert_killed_by(SIGHUP);
}

static void summary_comes_when_the_program_raises_the_signal_itself(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(script_options(NULL), SCRIPT_PAIR SCRIPT_END "raise TERM\nreturn 3\n");
	run_assert_signal(&result, SIGTERM);
	assert_one_summary();
}

static void handler_of_the_program_is_called_and_nothing_ends(void **state)
{
	struct run_process *script;
	struct run_result result;

	(void)state;
	script = script_start(script_options(NULL));
	script_say_all(script, SCRIPT_PAIR "handle TERM\n");
	assert_int_equal(kill(run_pid(script), SIGTERM), 0);
	assert_string_equal(run_hear(script), "handled");
	script_expect(script, "disposition TERM", "disposition = 0 handler");
	script_say_all(script, SCRIPT_END "default TERM\n");
	script_expect(script, "disposition TERM", "disposition = 0 SIG_DFL");
	result = run_stop(script, SIGTERM);
	run_assert_signal(&result, SIGTERM);
	assert_one_summary();
}

static void ignored_signal_stays_ignored(void **state)
{
	struct run_process *script;
	struct run_result result;

	(void)state;
	script = script_start(script_options(NULL));
	script_say_all(script, SCRIPT_PAIR "ignore INT; ignore HUP\n");
	assert_int_equal(kill(run_pid(script), SIGINT), 0);
	assert_int_equal(kill(run_pid(script), SIGHUP), 0);
	script_expect(script, "disposition INT", "disposition = 0 SIG_IGN");
	script_say_all(script, SCRIPT_END);
	result = run_finish(script);
	run_assert_exit(&result, 0);
	assert_one_summary();
}

/* In the child: as nohup(1) starts its program. */
static void ignore_hangup(void)
{
	signal(SIGHUP, SIG_IGN);
}

static void signal_ignored_since_before_exec_stays_ignored(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.options = script_options(NULL),
				.dialog = true,
				.in_child = ignore_hangup};
	struct run_process *script;
	struct run_result result;

	(void)state;
	script = run_start(&spec);
	script_say_all(script, SCRIPT_PAIR);
	assert_int_equal(kill(run_pid(script), SIGHUP), 0);
	script_expect(script, "disposition HUP", "disposition = 0 SIG_IGN");
	script_say_all(script, SCRIPT_END);
	result = run_finish(script);
	run_assert_exit(&result, 0);
}

static void dispositions_read_as_if_nobody_had_touched_them(void **state)
{
	static const char lines[] = SCRIPT_PAIR "disposition INT; disposition TERM; disposition HUP\n"
						"signal_twice INT; signal_twice TERM; disposition INT\n" SCRIPT_END;
	struct run_result plain;
	struct run_result result;

	(void)state;
	plain = script_run_plain(lines);
	result = script_run(script_options(NULL), lines);
	run_assert_same(&result, &plain);
	assert_non_null(strstr(result.out, "disposition = 0 SIG_DFL"));
}

/* What exec() hands on is what the program has set: a child must not start with our handler. */
static void program_after_exec_starts_with_default_signals(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(script_options(NULL), SCRIPT_PAIR "exec again\ndisposition TERM\nraise TERM\n");
	run_assert_signal(&result, SIGTERM);
	assert_non_null(strstr(result.out, "disposition = 0 SIG_DFL"));
}

static void exitcode_replaces_success_where_there_was_an_error(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(script_options("exitcode=99"), SCRIPT_PAIR FAULT);
	run_assert_exit(&result, 99);
	result = script_run(script_options("exitcode=99"), SCRIPT_PAIR FAULT "_exit 0\n");
	run_assert_exit(&result, 99);
	result = script_run(script_options("exitcode=99"), SCRIPT_PAIR FAULT "exit 0\n");
	run_assert_exit(&result, 99);
}

static void exitcode_replaces_success_where_there_was_a_warning(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(script_options("exitcode=99"), SCRIPT_PAIR "send c hello; close a; close c; close s\n");
	run_assert_exit(&result, 99);
}

static void exitcode_leaves_a_failure_as_it_is(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(script_options("exitcode=99"), SCRIPT_PAIR FAULT "return 3\n");
	run_assert_exit(&result, 3);
	result = script_run(script_options("exitcode=99"), SCRIPT_PAIR FAULT "raise TERM\n");
	run_assert_signal(&result, SIGTERM);
}

static void exitcode_leaves_success_without_findings_or_with_notes(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(script_options("exitcode=99"), SCRIPT_PAIR SCRIPT_END);
	run_assert_exit(&result, 0);
	result = script_run(script_options("exitcode=99"), SCRIPT_PAIR "return 0\n");
	run_assert_exit(&result, 0);
}

static void findings_without_exitcode_leave_the_status(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(script_options(NULL), SCRIPT_PAIR FAULT);
	run_assert_exit(&result, 0);
}

static void summary_0_writes_none(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged("summary=0", SCRIPT_PAIR SCRIPT_END);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 0);
	assert_true(log_count(&log, &(const struct log_match){.call = "close"}) == 3);
}

static void dump_signal_writes_a_summary_now(void **state)
{
	struct run_process *script;
	struct run_result result;
	struct log log;

	(void)state;
	script = script_start(script_options("dump_signal=USR2"));
	script_say_all(script, SCRIPT_PAIR "close c; close c\n");
	assert_int_equal(kill(run_pid(script), SIGUSR2), 0);
	log = log_wait(script_log(), &(const struct log_match){.type = "summary"});
	log_assert_number(log_first(&log, &(const struct log_match){.type = "summary"}), "errors", 1);
	/* And the program goes on. */
	script_expect(script, "recv a 9", "recv = 0");
	script_say_all(script, "close a; close s\n");
	result = run_finish(script);
	run_assert_exit(&result, 0);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 2);
}

int main(void)
{
	const struct CMUnitTest ending[] = {
		TEST(summary_comes_when_main_returns),
		TEST(summary_comes_at_exit),
		TEST(summary_comes_at__exit),
		TEST(summary_comes_at__Exit),
		TEST(summary_comes_at_quick_exit),
		TEST(summary_comes_at_SIGINT_which_still_kills),
		TEST(summary_comes_at_SIGTERM_which_still_kills),
		TEST(summary_comes_at_SIGHUP_which_still_kills),
		TEST(summary_comes_when_the_program_raises_the_signal_itself),
		TEST(handler_of_the_program_is_called_and_nothing_ends),
		TEST(ignored_signal_stays_ignored),
		TEST(signal_ignored_since_before_exec_stays_ignored),
		TEST(dispositions_read_as_if_nobody_had_touched_them),
		TEST(program_after_exec_starts_with_default_signals),
		TEST(exitcode_replaces_success_where_there_was_an_error),
		TEST(exitcode_replaces_success_where_there_was_a_warning),
		TEST(exitcode_leaves_a_failure_as_it_is),
		TEST(exitcode_leaves_success_without_findings_or_with_notes),
		TEST(findings_without_exitcode_leave_the_status),
		TEST(summary_0_writes_none),
		TEST(dump_signal_writes_a_summary_now),
	};

	return cmocka_run_group_tests_name("ending", ending, NULL, NULL);
}
