/*
 * `tcpwaitspy run` and signals: each reaches the program once, whether it was sent to the command, to
 * its process group or by a terminal; stops, ends and statuses are the program's.
 */
#include "../../support/test.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../support/cli.h"

#define TELLER file_built("tests/programs/signals_told")

static const int passed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGWINCH, SIGCONT, SIGALRM};

static struct run_process *start_teller(void)
{
	struct run_process *command = cli_start(TELLER);

	assert_string_equal(run_hear(command), "ready");
	return command;
}

static bool has_taken_all(void *command)
{
	char *text = file_read(memory_text("/proc/%d/status", (int)run_pid(command)), NULL);
	char *line = text ? strstr(text, "ShdPnd:") : NULL;

	return line && strtoull(line + strlen("ShdPnd:"), NULL, 16) == 0;
}

/*
 * The command takes one signal after the other, so that what it would pass on a second time comes
 * before what is sent to it now; the kernel gives the program the lower number first.
 */
static void assert_told_once(struct run_process *command, pid_t whom, int sig)
{
	kill(whom, sig);
	assert_string_equal(run_hear(command), sigabbrev_np(sig));
	test_until(has_taken_all, command, "the command to take its signals");
	kill(run_pid(command), SIGRTMIN);
	assert_string_equal(run_hear(command), "RTMIN");
}

static void finish_teller(struct run_process *command)
{
	struct run_result result;

	kill(run_pid(command), SIGUSR2);
	assert_string_equal(run_hear(command), "USR2");
	result = run_finish(command);
	run_assert_exit(&result, 5);
}

static void signals_to_the_command_are_passed_on(void **state)
{
	struct run_process *command = start_teller();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		assert_told_once(command, run_pid(command), passed[i]);
	finish_teller(command);
}

static void signals_to_the_group_come_once(void **state)
{
	struct run_process *command = start_teller();

	(void)state;
	/* Twice each: what the first one leaves behind must not hide the second. */
	for (size_t i = 0; i < 2 * ARRAY_LEN(passed); i++)
		assert_told_once(command, -run_pid(command), passed[i / 2]);
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		assert_told_once(command, run_pid(command), passed[i]);
	finish_teller(command);
}

static void value_of_a_queued_signal_is_passed_on(void **state)
{
	struct run_process *command = start_teller();

	(void)state;
	sigqueue(run_pid(command), SIGUSR1, (union sigval){.sival_int = 4711});
	assert_string_equal(run_hear(command), "USR1 4711");
	finish_teller(command);
}

static void death_by_a_signal_is_the_command_s_too(void **state)
{
	static const int deadly[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(deadly); i++) {
		struct run_process *command = cli_start(TELLER, sigabbrev_np(deadly[i]));
		struct run_result result;

		assert_string_equal(run_hear(command), "ready");
		kill(run_pid(command), deadly[i]);
		result = run_finish(command);
		run_assert_signal(&result, deadly[i]);
	}
}

static void crash_is_the_command_s_too(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run(NULL, "sh", "-c", "kill -SEGV $$");
	run_assert_signal(&result, SIGSEGV);
	cli_assert_says(&result, "killed by SIGSEGV; counted by tcpwaitspy");
}

static char state_of(pid_t pid)
{
	char *text = file_read(memory_text("/proc/%d/stat", (int)pid), NULL);

	return text && strrchr(text, ')') ? strrchr(text, ')')[2] : '-';
}

static bool is_stopped(void *pid)
{
	return state_of(*(pid_t *)pid) == 'T';
}

static bool is_going_on(void *pid)
{
	return strchr("RSD", state_of(*(pid_t *)pid)) != NULL;
}

static void stop_of_the_group_stops_the_command(void **state)
{
	struct run_process *command = start_teller();
	pid_t pid = run_pid(command);

	(void)state;
	kill(-pid, SIGTSTP);
	test_until(is_stopped, &pid, "the command to stop with its program");
	kill(-pid, SIGCONT);
	assert_string_equal(run_hear(command), "CONT");
	test_until(is_going_on, &pid, "the command to go on");
	finish_teller(command);
}

static void stop_and_continue_of_the_command_alone_are_passed_on(void **state)
{
	struct run_process *command = start_teller();
	pid_t pid = run_pid(command);

	(void)state;
	kill(pid, SIGTSTP);
	test_until(is_stopped, &pid, "the command to stop with its program");
	kill(pid, SIGCONT);
	assert_string_equal(run_hear(command), "CONT");
	finish_teller(command);
}

static int slave_fd;

static void take_terminal(void)
{
	if (dup2(slave_fd, 0) == -1)
		_exit(126);
}

/* A session of its own whose terminal is the test's, in which a shell has the command as its foreground job. */
static void keys_of_the_terminal_come_once(void **state)
{
	struct run_spec spec;
	struct run_process *command;
	int master_fd;

	(void)state;
	assert_int_equal(openpty(&master_fd, &slave_fd, NULL, NULL, NULL), 0);
	spec = cli_spec(CLI_ARGS("--ctty", "--wait", "bash", "--norc", "-i", "-c",
				 memory_text("%s %s; echo status $?", file_built("tcpwaitspy"), TELLER)));
	spec.argv[0] = "setsid";
	spec.dialog = true;
	spec.in_child = take_terminal;
	command = run_start(&spec);
	assert_string_equal(run_hear(command), "ready");
	assert_int_equal(write(master_fd, "\003", 1), 1);
	assert_string_equal(run_hear(command), "INT");
	assert_int_equal(write(master_fd, "\034", 1), 1);
	assert_string_equal(run_hear(command), "QUIT");
	assert_int_equal(ioctl(master_fd, TIOCSWINSZ, &(struct winsize){.ws_row = 33, .ws_col = 99}), 0);
	assert_string_equal(run_hear(command), "WINCH");
	/* The shell sees its job stop. */
	assert_int_equal(write(master_fd, "\032", 1), 1);
	assert_string_equal(run_hear(command), memory_text("status %d", 128 + SIGTSTP));
	run_stop(command, SIGKILL);
	close(slave_fd);
	close(master_fd);
}

static void ignored_and_blocked_signals_stay_so(void **state)
{
	static const char show[] = "grep -E '^Sig(Blk|Ign)' /proc/self/status";
	struct run_spec spec = cli_spec(CLI_ARGS("x"));
	struct run_result with;
	struct run_result without;

	(void)state;
	spec.argv[0] = "bash";
	spec.argv[1] = "-c";
	spec.argv[2] = memory_text("trap '' HUP USR1 PIPE CHLD; exec %s", show);
	without = run(&spec);
	spec.argv[2] = memory_text("trap '' HUP USR1 PIPE CHLD; exec %s %s", file_built("tcpwaitspy"), show);
	with = run(&spec);
	run_assert_exit(&with, 0);
	assert_string_equal(with.out, without.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(signals_to_the_command_are_passed_on),
		TEST(signals_to_the_group_come_once),
		TEST(value_of_a_queued_signal_is_passed_on),
		TEST(death_by_a_signal_is_the_command_s_too),
		TEST(crash_is_the_command_s_too),
		TEST(stop_of_the_group_stops_the_command),
		TEST(stop_and_continue_of_the_command_alone_are_passed_on),
		TEST(keys_of_the_terminal_come_once),
		TEST(ignored_and_blocked_signals_stay_so),
	};

	return cmocka_run_group_tests_name("cli_signals", tests, NULL, NULL);
}
