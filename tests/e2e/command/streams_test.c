/*
 * `tcpwaitspy run` and streams: colours where a terminal shows them, and the program's own streams as
 * it would have them without the command.
 */
#include "../../support/test.h"

#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../support/cli.h"

#define SCRIPT file_built("tests/programs/script")

static int slave_fd;

static void take_terminal(void)
{
	if (dup2(slave_fd, 2) == -1)
		_exit(126);
}

/* What the command writes to a terminal. */
static char *on_terminal(const char *further_env, const char *const *args)
{
	static char text[1 << 16];
	struct run_spec spec = cli_spec(args);
	size_t len = 0;
	int master_fd;
	ssize_t got;

	assert_int_equal(openpty(&master_fd, &slave_fd, NULL, NULL, NULL), 0);
	spec.env[1] = "TERM=xterm";
	spec.env[2] = further_env;
	spec.input = SCRIPT_PAIR SCRIPT_END;
	spec.in_child = take_terminal;
	run(&spec);
	close(slave_fd);
	while (len < sizeof(text) - 1 && (got = read(master_fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(master_fd);
	assert_non_null(strstr(text, "SUMMARY"));
	return text;
}

static void terminal_has_colors_unless_they_are_not_wanted(void **state)
{
	struct run_result result;

	(void)state;
	/* Few lines: a terminal holds some 4000 bytes until somebody reads. */
	assert_non_null(strstr(on_terminal(NULL, CLI_ARGS("-q", SCRIPT)), "\033["));
	assert_null(strstr(on_terminal("NO_COLOR=1", CLI_ARGS("-q", SCRIPT)), "\033["));
	assert_non_null(strstr(on_terminal("NO_COLOR=", CLI_ARGS("-q", SCRIPT)), "\033["));
	assert_null(strstr(on_terminal(NULL, CLI_ARGS("-q", "--color", "never", SCRIPT)), "\033["));
	result = cli_run("", SCRIPT);
	assert_null(strstr(result.err, "\033["));
	result = cli_run("", "--color=always", SCRIPT);
	assert_non_null(strstr(result.err, "\033["));
}

static void close_stderr(void)
{
	close(2);
	close(0);
}

static void closed_streams_stay_closed(void **state)
{
	struct run_spec spec =
		cli_spec(CLI_ARGS("sh", "-c", "for n in 0 1 2; do [ -e /proc/$$/fd/$n ] && echo $n; done; exit 4"));
	struct run_result result;

	(void)state;
	spec.in_child = close_stderr;
	result = run(&spec);
	run_assert_exit(&result, 4);
	assert_string_equal(result.out, "1\n");
}

static void reader_sees_the_end_when_the_program_closes_its_output(void **state)
{
	struct run_process *command = cli_start("sh", "-c", "exec >&-; read line");

	(void)state;
	/* The program lives on; a copy that the command had kept would hold the pipe open. */
	assert_null(run_hear(command));
	run_hang_up(command);
	run_finish(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(terminal_has_colors_unless_they_are_not_wanted),
		TEST(closed_streams_stay_closed),
		TEST(reader_sees_the_end_when_the_program_closes_its_output),
	};

	return cmocka_run_group_tests_name("cli_streams", tests, NULL, NULL);
}
