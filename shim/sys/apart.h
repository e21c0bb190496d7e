/*
 * Work apart: a function run by a thread that has a table of descriptors of its own. For work on files: a number
 * that the shim takes in the program's table, for however short a time, is one that the program does not get.
 *
 * A thread and not a process: the program's wait() sees none of it, whatever it waits for, and the kernel clears
 * it away without anybody's wait(). libc does not know of it, and it uses the thread-local data of its maker.
 *
 * Locks: none. Signals: blocked by the caller, for both.
 */
#ifndef SPY_SYS_APART_H
#define SPY_SYS_APART_H

#include <stdbool.h>

/*
 * Runs work(data) to its end while this thread waits, with no descriptor at all, and with the directory of that
 * descriptor as working directory (-1: the program's). Signals are blocked by the caller. False where no such thread
 * could be had; then nothing was run.
 */
bool spy_apart_run_bare(void (*work)(void *data), void *data, int directory);

/* The same, or here where there is no such thread. */
void spy_apart_or_here(void (*work)(void *data), void *data);

#endif
