/*
 * Settling: how an event gets into the core and what it says gets out, shared by the hooks'
 * finishing halves (call.c, opening.c, closing.c) and the watcher.
 *
 *	quiet { take frames; ask the kernel; lock { observe } ; report }
 *
 * Stacks are taken before, and names found after the lock, since both take the loader's lock; with
 * signals blocked, so that no handler leaves libunwind in the middle.
 */
#ifndef SPY_CALLS_SETTLE_H
#define SPY_CALLS_SETTLE_H

#include "../observe/stack.h"
#include "../report/report.h"
#include "call.h"
#include "stack_room.h"

struct spy_frames {
	size_t count;
	uintptr_t ip[SPY_STACK_FRAMES_MAX];
};

/* In line: libunwind goes through every frame of the shim's. */
static inline __attribute__((always_inline)) void spy_frames_take(uintptr_t caller, struct spy_frames *frames)
{
	frames->count = 1;
	frames->ip[0] = caller;
	if (!spy_in_room())
		frames->count = spy_stack_take(caller, frames->ip, spy_options.stack_frames);
	else if (!spy_options.stack_frames)
		frames->count = 0;
}

/* What an event has to say: its line, the state that followed it at once, and findings. */
struct spy_settled {
	struct spy_line_conn line;
	struct spy_event after;
	bool has_line;
	bool has_after;
	struct spy_outbox out;
};

/*
 * Stacks may be small (PTHREAD_STACK_MIN, coroutines), findings and libunwind are not: who has struct spy_settled is
 * a function of its own, called when the frames have been taken.
 */
#define SPY_APART __attribute__((noinline))

void spy_settled_init(struct spy_settled *settled);

/* The event of a call that returned rc with err in errno. */
void spy_event_of(const struct spy_call *call, long rc, int err, struct spy_event *ev);

/* The same where it is known when that was. */
void spy_event_of_at(const struct spy_call *call, long rc, int err, uint64_t now_ns, struct spy_event *ev);

/* Gives ev to the core. The lock is held. */
void spy_observe(struct spy_conn *conn, struct spy_event *ev, const struct spy_frames *frames,
		 struct spy_settled *settled);

/* A look without a call: a line only where the state has changed. The lock is held. */
void spy_observe_look(struct spy_conn *conn, struct spy_event *ev, struct spy_settled *settled);

/* Writes what settled says. Signals are blocked, the lock is not held. */
void spy_report_settled(const struct spy_event *ev, const struct spy_settled *settled);

/* True while the record is still the one that the call began with. The lock is held. */
bool spy_is_same(const struct spy_call *call);

/* True where -errno of a question about a descriptor says that it is no such socket any more. */
bool spy_is_gone(int rc);

/*
 * The descriptor has become that of a connection which no hook saw come: it gets a record, and the call is its
 * first. False where it is no connection any more. The lock is not held.
 */
bool spy_call_renew(struct spy_call *call);

#endif
