/*
 * The `tcpwaitspy` command: finds the command that is meant and hands over.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "../../include/tcpwaitspy/version.h"

static const struct command commands[] = {
	{NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
	fprintf(out, "tcpwaitspy %s: a leak detector and lint for TCP connections\n\n", SPY_VERSION);
	for (const struct command *command = commands; command->name; command++)
		fprintf(out, "  %-10s %s\n", command->name, command->meaning);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("tcpwaitspy %s\n", SPY_VERSION);
		return STATUS_GOOD;
	}
	for (const struct command *command = commands; argc > 1 && command->name; command++)
		if (strcmp(command->name, argv[1]) == 0)
			return command->body(argc - 1, argv + 1);
	print_help(argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
	return argc > 1 && strcmp(argv[1], "--help") == 0 ? STATUS_GOOD : STATUS_USAGE;
}
