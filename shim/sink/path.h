/*
 * Paths of the settings, in which %p is the pid, %e the program's name and %% a percent sign.
 *
 * Locks: none; set once at the start. Signals: safe.
 */
#ifndef SPY_SINK_PATH_H
#define SPY_SINK_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "../spell/buf.h"

#define SPY_PATH_ROOM 2048

struct spy_path {
	char template[SPY_PATH_ROOM]; /* absolute; "" for none */
	char program[64]; /* for %e */
};

/* Relative paths are made absolute now: a daemon changes its directory. */
void spy_path_set(struct spy_path *path, const char *template);
/* The program's name, with what would be a directory as '_'. */
void spy_path_set_program(struct spy_path *path, const char *program);

/* The path of the process with this pid. */
void spy_path_expand(const struct spy_path *path, int32_t pid, struct spy_buf *out);
/* True where it is another one for each process. */
bool spy_path_has_pid(const struct spy_path *path);

#endif
