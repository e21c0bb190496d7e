/*
 * What the shim shares above the core: the core itself, the settings, the one lock over the core, and
 * who this process is.
 *
 * Locks: the core's, of shim/sys/lock.h, which blocks all signals while it is held. Signals: safe.
 */
#ifndef SPY_PRELOAD_SPY_H
#define SPY_PRELOAD_SPY_H

#include <stdbool.h>
#include <stdint.h>

#include "../config/options.h"
#include "../core/core.h"
#include "../record/recorder.h"
#include "../sys/lock.h"

#define SPY_EXPORT __attribute__((visibility("default")))

extern struct spy_core spy_core;
extern struct spy_options spy_options; /* written once, before spy_on */

/* True once the constructor has run: until then every call passes through. */
extern _Atomic bool spy_on;

/*
 * True where each call has a line, or an event in the flight record, that shows the state after it. Elsewhere
 * what follows from a call's own result is worked out, and the kernel is asked only where the story could have turned otherwise.
 */
static inline bool spy_shows_states(void)
{
	return spy_options.calls != SPY_CALLS_NONE || spy_recorder_is_on();
}

/*
 * A section: all signals blocked and the core's lock taken. Nothing in it may call a function of
 * libc that could be hooked, could take the loader's lock, or could be a cancellation point.
 */
struct spy_section {
	struct spy_mask mask;
};

void spy_section_enter(struct spy_section *section);
void spy_section_leave(struct spy_section *section);

/* Its two halves: signals blocked for a longer stretch, and in it the lock for short ones. */
void spy_quiet_enter(struct spy_section *section);
void spy_quiet_leave(struct spy_section *section);
void spy_core_lock(void);
void spy_core_unlock(void);

/* This process and thread, without a system call but for the first time and after fork(). */
int32_t spy_self_pid(void);
uint32_t spy_self_tid_ask(void);

/* The page is wiped in a fork's child (madvise(2), MADV_WIPEONFORK), and shared with a vfork's. */
struct spy_identity {
	int32_t pid; /* 0 in a fork's child that has not come to itself yet */
};

extern struct spy_identity *spy_identity;

/* Who asked last in this thread. Initial-exec: the general model may allocate at a thread's first use, in a handler too. */
extern __thread struct spy_self {
	int32_t pid;
	uint32_t tid;
} spy_self __attribute__((tls_model("initial-exec")));

/* True where spy_self is this thread. */
static inline bool spy_self_is_known(void)
{
	int32_t pid = spy_identity->pid;

	return __builtin_expect(pid && spy_self.pid == pid, 1);
}

/* In line, since every call notes its thread. */
static inline uint32_t spy_self_tid(void)
{
	return spy_self_is_known() ? spy_self.tid : spy_self_tid_ask();
}

/*
 * True in the child of vfork(), or of clone() with CLONE_VM: this memory is the parent's, and what
 * the child does to its descriptors is not the parent's doing. Costs a getpid().
 */
bool spy_in_vfork_child(void);

/* Zeroed memory that is never given back; NULL where there is none. */
void *spy_memory_take(size_t size);

/* Sets room aside for the time when a filter lets the shim have no more. */
void spy_room_reserve(size_t size);

/* Room for a report or a sweep, given back with spy_room_give(). */
void *spy_room_take(size_t size);
void spy_room_give(void *room, size_t size);

/* True in a process that has sockets, or has left the session that it was started in: a daemon. */
bool spy_stderr_matters(void);
bool spy_left_session(void);
void spy_daemon_init(void);

/* Marks who this process is in memory that a fork by any means wipes; and again in the child. */
void spy_identity_init(void);
void spy_identity_forked(void);

/* fork.c: registers the handlers; and all that is to be done in a child, with or without them. */
void spy_fork_init(void);
void spy_fork_child(bool was_in_section);

#endif
