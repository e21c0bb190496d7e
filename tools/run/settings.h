/*
 * The settings of options.def as long options (`close_wait` is --close-wait), and the variable
 * TCPWAITSPY_OPTIONS that the program gets. A new row of the table is an option here, too.
 */
#ifndef TOOLS_RUN_SETTINGS_H
#define TOOLS_RUN_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "../../shim/config/options.h"

struct settings {
	char *text; /* what the variable will say: what the user's said, then the options given; owned */
	struct spy_options options; /* what that comes to */
};

/* Begins with what TCPWAITSPY_OPTIONS says now. */
void settings_begin(struct settings *settings);
void settings_end(struct settings *settings);

/* How many settings are options; those that the command needs for itself (`help`) are not. */
unsigned int settings_count(void);
/* The name of one without the dashes; lives as long as the process. */
const char *settings_name(unsigned int index);
/* The same as TCPWAITSPY_OPTIONS has it, with underscores. */
const char *settings_key(unsigned int index);

/*
 * Sets one as its option was given; a path is made absolute, since a program may change its
 * directory before it starts another. False: the value is not valid, and one line on stderr says
 * what is.
 */
bool settings_give(struct settings *settings, unsigned int index, const char *value);

/* Sets a key to a value that the command has chosen. */
void settings_set(struct settings *settings, const char *key, const char *value);

/* The table of --help: a line for each with its default and meaning. */
void settings_print_help(FILE *out);

#endif
