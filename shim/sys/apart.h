/*
 * Work apart: a function run by a process that shares this memory and has a table of descriptors of
 * its own. For work on files when the program has no descriptor left, and must lose none to us.
 *
 * Locks: none. Signals: blocked by the caller, for both.
 */
#ifndef SPY_SYS_APART_H
#define SPY_SYS_APART_H

#include <stdbool.h>

/*
 * True where the program has a free descriptor, so that a file can be opened in its own table.
 */
bool spy_apart_needless(void);

/*
 * Runs work(data) to its end while this thread waits (clone(2): CLONE_VM | CLONE_VFORK). In it the
 * lowest descriptors are closed to make room. Signals are blocked by the caller. False where no
 * such process could be had; then nothing was run.
 */
bool spy_apart_run(void (*work)(void *data), void *data);

/*
 * The same with no descriptor at all, and with the directory of that descriptor as working directory
 * (-1: the program's). For what is done regularly: a number that the shim takes, for however short a
 * time, is one that another thread's accept() does not get. False on kernels before 5.9, too.
 */
bool spy_apart_run_bare(void (*work)(void *data), void *data, int directory);

#endif
