/*
 * The `tcpwaitspy` command: finds the command that is meant and hands over.
 */
#include "command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../include/tcpwaitspy/version.h"
#include "../ps/ps.h"
#include "../report/report.h"
#include "../run/program.h"
#include "../run/run.h"
#include "explain.h"
#include "out.h"
#include "words.h"

static const struct command commands[] = {
	{"run", run_command, "run a program under the shim and show its connections (also without the word)"},
	{"report", report_command, "show what logs and flight records tell: findings by place, worst first; exports"},
	{"ps", ps_command, "show the sockets in WAIT states now, of a process or of all"},
	{"explain", explain_command, "show the page of a rule, or list the rules"},
	{NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
	fprintf(out,
		"tcpwaitspy %s: a leak detector and lint for TCP connections\n\n"
		"usage: tcpwaitspy [run] [options] [--] PROGRAM [ARGUMENTS]\n"
		"       tcpwaitspy COMMAND [options]\n\n",
		SPY_VERSION);
	for (const struct command *command = commands; command->name; command++)
		fprintf(out, "  %-10s %s\n", command->name, command->meaning);
	fprintf(out, "\n`tcpwaitspy COMMAND --help` tells more about one.\n\n"
		     "Examples:\n"
		     "  tcpwaitspy ./server               every call on a TCP connection with the state after it\n"
		     "  tcpwaitspy -q ./server            only what is wrong, with file and line\n"
		     "  tcpwaitspy -- ./run --fast        a program with options of its own\n");
}

/* The word is no command. It may be a program, as in `tcpwaitspy curl example.org`. */
static int refuse_word(const char *word)
{
	const char *near = NULL;

	for (const struct command *command = commands; command->name; command++)
		if (!near && words_are_near(word, command->name))
			near = command->name;
	fprintf(stderr, "tcpwaitspy: \"%s\" is no command and no program in PATH; commands are", word);
	for (const struct command *command = commands; command->name; command++)
		fprintf(stderr, "%s %s", command == commands ? "" : ",", command->name);
	if (near)
		fprintf(stderr, "; did you mean %s?", near);
	fputc('\n', stderr);
	return near ? STATUS_USAGE : STATUS_MISSING;
}

/* Nothing that the command opens takes the place of a closed stream; the program finds it closed. */
static void hold_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR | O_CLOEXEC) == -1)
			_exit(STATUS_CANNOT);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	char *program;

	hold_streams();

	if (!word) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		return out_version();
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
		print_help(stdout);
		return STATUS_GOOD;
	}
	for (const struct command *command = commands; command->name; command++)
		if (strcmp(command->name, word) == 0)
			return command->body(argc - 1, argv + 1);
	if (*word == '-' || strchr(word, '/'))
		return run_command(argc, argv);
	program = program_lookup(word);
	if (!program)
		return refuse_word(word);
	free(program);
	return run_command(argc, argv);
}
