/*
 * The commands of `tcpwaitspy`: one row in main.c's table each.
 */
#ifndef TOOLS_CLI_COMMAND_H
#define TOOLS_CLI_COMMAND_H

/* Exit statuses of the command itself; `run` hands the program's own on. */
enum command_status {
	STATUS_GOOD = 0,
	STATUS_FINDINGS = 1, /* findings reach --fail-on */
	STATUS_USAGE = 2, /* what was asked for cannot be understood */
	STATUS_CANNOT = 126, /* what was asked for cannot be done; as shells have it */
	STATUS_MISSING = 127, /* the program was not found; as shells have it */
};

/* A command: argv[0] is its own name. Returns an exit status. */
typedef int command_body(int argc, char **argv);

struct command {
	const char *name;
	command_body *body;
	const char *meaning; /* one line of --help */
};

#endif
