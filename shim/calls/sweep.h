/*
 * Loops that close every number there is, as daemons do, and children before exec(): the same place, one
 * number after another. Such a loop means no descriptor in particular, and closes of numbers that were
 * sockets are no double closes in it.
 *
 * The first number looks like a double close until the next ones have come. Such loops begin at one of the first
 * numbers: what is found there is held back until the thread's next close, or call on a socket, or a tenth of a
 * second later (with `watch=0` a call later than that), or the end.
 *
 * Locks: the core's. Signals: safe.
 */
#ifndef SPY_CALLS_SWEEP_H
#define SPY_CALLS_SWEEP_H

#include "settle.h"

/*
 * close(fd) from this place is about to be made. True where it follows the one before as in such a loop; where not,
 * what this thread holds back is reported.
 */
bool spy_sweep_next(int fd, uintptr_t caller);

/* ... and it has failed with EBADF on a number that never was a socket: nobody but such a loop does that. */
void spy_sweep_prove(void);
bool spy_sweep_is_proven(void);

/*
 * A close() was found to be one too many: findings are held back; false where no loop begins at fd or there is no room, and
 * they are to be reported. Signals are blocked, the lock is not held.
 */
bool spy_sweep_hold(int fd, const struct spy_outbox *out);

/* True while something is held back. */
bool spy_sweep_holds(void);

/* Reports what is held back: by this thread; for long enough; by anybody. Signals are blocked, the lock is not held. */
void spy_sweep_release_own(void);
void spy_sweep_release_old(void);
void spy_sweep_release(void);

/* In a fork's child: the parent reports it. */
void spy_sweep_forked(void);

#endif
