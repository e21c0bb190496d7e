/*
 * The looks at connections that nobody calls on: which are looked at in a turn, and what each is asked. Who makes them and
 * when, and spy_watcher_look(), stand in watcher.h.
 *
 * Locks: takes the core's for one record, or one batch, at a time. Signals are blocked by the caller.
 */
#ifndef SPY_PRELOAD_LOOKS_H
#define SPY_PRELOAD_LOOKS_H

#include <stdint.h>

/* The thread's look: where there are many connections, those that are quiet are asked about together. */
void spy_looks_in_turn(void);

/* When the last look began. */
uint64_t spy_looks_last_ns(void);

#endif
