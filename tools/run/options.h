/*
 * The command line of `tcpwaitspy run`.
 */
#ifndef TOOLS_RUN_OPTIONS_H
#define TOOLS_RUN_OPTIONS_H

#include <stdbool.h>

#include "../cli/out.h"
#include "settings.h"

#define RUN_OPTIONS_GO (-1)

struct run_options {
	struct settings settings;
	enum out_colors colors;
	const char *output; /* NULL: stderr */
	const char *library; /* NULL: looked for */
	bool quiet;
	bool no_wait;
	bool offline;
	const char *debug_directory; /* NULL: none */
	int program; /* its index in argv */
};

/* RUN_OPTIONS_GO, or the exit status to end with: help was printed, or one line on stderr. */
int run_options_read(struct run_options *options, int argc, char **argv);
void run_options_end(struct run_options *options);

#endif
