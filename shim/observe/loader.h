/*
 * The locks of the loader and of libunwind, which the shim takes by dl_iterate_phdr() and unw_backtrace().
 * A thread that is inside at the moment of a fork leaves them locked in the child for ever, where nobody
 * may wait for them: there stacks have one frame, whose name comes by another way (maps.h).
 *
 * Locks: none. Signals: safe.
 */
#ifndef SPY_OBSERVE_LOADER_H
#define SPY_OBSERVE_LOADER_H

#include <stdbool.h>

/* Finds the loader's lock; called by the constructor. */
void spy_loader_init(void);

/* Around a call that takes those locks. False, and nothing is to be left, where it must not be made. */
bool spy_loader_enter(void);
void spy_loader_leave(void);

/* Before a fork: waits a moment for those that are inside, so that the child can have stacks and names. */
void spy_loader_settle(void);

/* In a fork's child, however it was made. */
void spy_loader_forked(void);

#endif
