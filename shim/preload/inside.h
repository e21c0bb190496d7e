/*
 * Which thread is inside which call: for the rules about calls that another thread's close(), or a
 * signal, meets in the middle.
 *
 * A slot for each thread that has made a call on a TCP socket, written by that thread only. A
 * thread that left a call by longjmp or was cancelled leaves its slot behind; who reads one asks
 * the kernel whether it is still true. Async-signal-safe, no lock.
 */
#ifndef SPY_PRELOAD_INSIDE_H
#define SPY_PRELOAD_INSIDE_H

#include "call.h"

void spy_inside_enter(const struct spy_call *call);
void spy_inside_leave(void);

/* What this thread is inside of; false for nothing. Only the members that tell what it is are set. */
bool spy_inside_self(struct spy_call *call);

/* Another thread that is blocked in a call on this connection; 0 for none. Reads /proc where one may be. */
uint32_t spy_inside_other(const struct spy_conn *conn, int fd);

/* In a fork's child: only this thread is left. */
void spy_inside_forked(void);

#endif
