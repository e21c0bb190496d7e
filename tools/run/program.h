/*
 * The program that is to be run: found as execvp(3) finds it, and refused where the shim could not
 * be preloaded into it. Also the shim itself.
 */
#ifndef TOOLS_RUN_PROGRAM_H
#define TOOLS_RUN_PROGRAM_H

#include <stdbool.h>

struct program {
	char *path; /* for execve(); owned */
	bool by_shell; /* a text without #!, which execvp(3) hands to /bin/sh */
};

/*
 * Finds name and looks at what it is; library is the shim that is to be preloaded. STATUS_GOOD, or
 * STATUS_MISSING or STATUS_CANNOT after lines on stderr with the reason and what to use instead.
 */
int program_find(const char *name, const char *library, struct program *program);

/* Looks for name in PATH, or takes it as a path where it has a '/'; NULL: none. Says nothing. */
char *program_lookup(const char *name);

/*
 * The shim: given (--library), or next to the command, or in ../lib of it. NULL after a line on
 * stderr. The caller frees it.
 */
char *program_find_library(const char *given);

#endif
