/*
 * The watcher: one thread with all signals blocked that looks at connections nobody calls on, and
 * follows those that the program has closed until the kernel has forgotten them.
 *
 * Locks: takes the core's for one record at a time. Started with the first TCP socket of a
 * process; not at all with watch=0, where looks happen on the way of calls.
 */
#ifndef SPY_PRELOAD_WATCHER_H
#define SPY_PRELOAD_WATCHER_H

#include <stdbool.h>

/*
 * Starts it, unless this is a signal handler: then it is due, and the next call that is none starts it; until then
 * looks happen on the way of calls. Signals are blocked by the caller.
 */
void spy_watcher_start(void);
bool spy_watcher_is_due(void);

/* Whether threads can be had: not in a child that libc's fork() has not made, whose allocator may be locked for ever. */
void spy_watcher_allow(bool allowed);

/* From now on it looks no more; waits a moment for a look that has begun. */
void spy_watcher_stop(void);

/*
 * Before a call on which a second thread has a bearing (unshare(2), setns(2)), or a table of descriptors that is shared
 * with one. True where this thread is the only one of the process now: the watcher, if it was there, has ended until
 * spy_watcher_resume(). False where the program has threads of its own: then all is as it was.
 */
bool spy_watcher_pause(void);
void spy_watcher_resume(void);

/* One look at everything, now. Signals are blocked by the caller. */
void spy_watcher_look(void);

/* Something is held back that is to be told soon (sweep.h): the thread does not wait for its whole turn. */
void spy_watcher_hasten(void);

/* The main thread ends, and the process goes on until its other threads have ended: from then on, not for the watcher. */
void spy_watcher_main_leaves(void);

/* With watch=0: a look where the last one is a second ago. Called at the end of calls. */
void spy_watcher_on_the_way(void);

/* In a fork's child: the thread is not there. */
void spy_watcher_forked(void);

#endif
