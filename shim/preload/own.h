/*
 * The shim's own descriptors: the log, the netlink socket and the metrics' directory. They stand high, close-on-exec, and
 * marked in the table, so that the program's closes leave them alone.
 *
 * Locks: none; called with the core's lock held and without, since a mark is one store. Signals: safe.
 */
#ifndef SPY_PRELOAD_OWN_H
#define SPY_PRELOAD_OWN_H

#include <stdbool.h>

/*
 * Moves a new descriptor up and marks it; returns its new number. Where there is no room up there
 * spy_own_keep() leaves it where it is, and spy_own_keep_high() closes it and returns -1: a log is
 * worth a low number, everything else can be done without.
 */
int spy_own_keep(int fd);
int spy_own_keep_high(int fd);

/* Closes one of the shim's own. */
void spy_own_drop(int fd);

bool spy_own_is(int fd);

/* The program is about to put something at fd: if that is the shim's, it moves away first. */
void spy_own_make_room(int fd);

/* The lowest own descriptor in first..last, -1 for none. */
int spy_own_in_range(unsigned int first, unsigned int last);

#endif
