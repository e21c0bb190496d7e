/*
 * Which thread is inside which call: for the rules about calls that another thread's close(), or a
 * signal, meets in the middle.
 *
 * A slot for each thread that has made a call on a TCP socket, written by that thread only. A
 * thread that left a call by longjmp or was cancelled leaves its slot behind; who reads one asks
 * the kernel whether it is still true. Async-signal-safe, no lock.
 */
#ifndef SPY_CALLS_INSIDE_H
#define SPY_CALLS_INSIDE_H

#include "call.h"

/* A cache line of its own: threads on different connections do not meet here. */
struct spy_inside {
	_Atomic uint32_t tid; /* 0: free */
	_Atomic uint32_t conn_id; /* 0: in no call */
	_Atomic int fd;
	enum spy_call_id id;
	uint32_t slot;
	int32_t pid; /* a fork's child has its parent's value here */
	uintptr_t caller;
} __attribute__((aligned(64)));

/* This thread's; NULL before its first call. */
extern __thread struct spy_inside *spy_inside_own __attribute__((tls_model("initial-exec")));

/* Finds a slot for this thread, or one that nobody else looks at. */
struct spy_inside *spy_inside_begin(void);

/* True for this thread's slot, and that of this process: not so before its first call, and in a fork's child. */
static inline bool spy_inside_is_own(const struct spy_inside *own)
{
	return __builtin_expect(own && own->pid == spy_identity->pid, 1);
}

/* In line: a call that goes on in the kernel has nothing else to do before that. */
static inline void spy_inside_note(struct spy_inside *own, const struct spy_call *call)
{
	atomic_store_explicit(&own->fd, call->fd, memory_order_relaxed);
	own->id = call->id;
	own->caller = call->caller;
	own->slot = call->slot;
	atomic_store_explicit(&own->conn_id, call->conn_id, memory_order_release);
}

static inline void spy_inside_enter(const struct spy_call *call)
{
	struct spy_inside *own = spy_inside_own;

	if (!spy_inside_is_own(own))
		own = spy_inside_begin();
	spy_inside_note(own, call);
}

static inline void spy_inside_leave(void)
{
	struct spy_inside *own = spy_inside_own;

	if (own)
		atomic_store_explicit(&own->conn_id, 0, memory_order_release);
}

/* What this thread is inside of; false for nothing. Only the members that tell what it is are set. */
bool spy_inside_self(struct spy_call *call);

/* Another thread that is blocked in a call on this connection; 0 for none. Reads /proc where one may be. */
uint32_t spy_inside_other(const struct spy_conn *conn, int fd);

/* In a fork's child: only this thread is left. */
void spy_inside_forked(void);

#endif
