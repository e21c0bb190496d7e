/*
 * The life of an intercepted call; contracts in call.h.
 */
#include "call.h"

#include <errno.h>

#include "../observe/diag.h"
#include "../observe/kernel.h"
#include "../preload/watcher.h"
#include "../report/recording.h"
#include "inside.h"
#include "settle.h"
#include "stack_room.h"

/* Calls in which a thread may wait for the peer. */
#define SPY_CAN_BLOCK (SPY_ON(READ) | SPY_ON(WRITE) | SPY_ON(ACCEPT) | SPY_ON(CONNECT))

static bool is_timed(const struct spy_conn *conn)
{
	return __builtin_expect(spy_wants_times() || conn->attention, 0);
}

/* The rest of spy_enter_tracked(), where there is one: apart, so that no register has to be kept over calls there. */
SPY_APART static bool enter_more(struct spy_call *call)
{
	if (is_timed(call->conn))
		call->began_ns = spy_clock_now();
	if (SPY_CAN_BLOCK & (1u << call->op))
		spy_inside_enter(call);
	return true;
}

bool spy_enter_tracked(struct spy_call *call, enum spy_call_id id, int fd, uint32_t slot, uintptr_t caller)
{
	struct spy_conn *conn;
	struct spy_inside *own = spy_inside_own;

	if (!spy_on || (slot & SPY_SLOT_OWN))
		return false;
	conn = spy_table_conn(&spy_core.table, slot);
	call->id = id;
	call->op = spy_calls[id].op;
	call->fd = fd;
	call->slot = slot;
	call->conn = conn;
	call->conn_id = conn->id;
	call->caller = caller;
	call->observed_eof = false;
	call->arg[0] = SPY_UNKNOWN;
	call->arg[1] = SPY_UNKNOWN;
	call->arg[2] = SPY_UNKNOWN;
	call->target.family = 0;
	call->peer.family = 0;
	call->began_ns = 0;
	if (is_timed(conn) || !spy_inside_is_own(own))
		return enter_more(call);
	if (SPY_CAN_BLOCK & (1u << call->op))
		spy_inside_note(own, call);
	return true;
}

void spy_enter_new(struct spy_call *call, enum spy_call_id id, int fd, uintptr_t caller)
{
	*call = (struct spy_call){
		.id = id,
		.op = spy_calls[id].op,
		.fd = fd,
		.caller = caller,
		.arg = {SPY_UNKNOWN, SPY_UNKNOWN, SPY_UNKNOWN},
		.began_ns = spy_clock_now(),
	};
}

/* The descriptor had been closed when the call began. The lock is held. */
static void settle_closed(const struct spy_call *call, struct spy_event *ev, const struct spy_frames *frames,
			  struct spy_settled *settled)
{
	if (!spy_is_same(call) || spy_table_slot(&spy_core.table, call->fd) != call->slot)
		return;
	if (ev->err == EBADF && !spy_kernel_is_open(call->fd)) {
		ev->was_closed = true;
		spy_observe(call->conn, ev, frames, settled);
	} else {
		/* The number is open again, as something that no hook saw come. */
		spy_table_clear(&spy_core.table, call->fd);
	}
}

/* What the rules about addresses want to know; asked before the lock, since /proc may be long. */
static void ask_more(const struct spy_call *call, struct spy_event *ev)
{
	if (ev->op == SPY_OP_BIND || ev->op == SPY_OP_LISTEN) {
		ev->options = spy_kernel_options(call->fd);
		ev->local = spy_kernel_local(call->fd);
	}
	if (ev->op == SPY_OP_BIND && ev->err == EADDRINUSE && ev->target.family)
		spy_diag_port_holders(&ev->target, &ev->holders);
	if (ev->op == SPY_OP_CONNECT && ev->err == EADDRNOTAVAIL && ev->target.family)
		spy_diag_peer_connections(&ev->target, &ev->holders);
	if (ev->op == SPY_OP_CONNECT && (ev->ret == 0 || ev->err == EINPROGRESS)) {
		ev->local = spy_kernel_local(call->fd);
		ev->peer = ev->target;
	}
}

/*
 * True where the state after the call follows from its result, and no line shows who said so: after connect() and
 * shutdown(), before which the kernel was asked; and calls that turn nothing leave a state that lasts as it is.
 */
static bool follows(const struct spy_call *call, struct spy_event *ev)
{
	enum spy_state state = (enum spy_state)call->conn->state;

	if (spy_shows_states() || ev->ret < 0)
		return false;
	switch (ev->op) {
	case SPY_OP_CONNECT:
		return ev->target.family != 0;
	case SPY_OP_SHUTDOWN:
		return call->seen_rc == 0 && state != SPY_STATE_CLOSED;
	case SPY_OP_CONFIGURE:
	case SPY_OP_NAME:
		ev->state = state;
		return state == SPY_STATE_LISTEN || (state == SPY_STATE_ESTABLISHED && !call->conn->attention) ||
		       (state == SPY_STATE_CLOSED && !(call->conn->flags & SPY_CONN_CONNECTED));
	default:
		return false;
	}
}

/*
 * The descriptor referred to a connection when the call began. The lock is held. False where it refers to another
 * one now, which has no record yet.
 */
static bool settle_open(const struct spy_call *call, struct spy_event *ev, const struct spy_frames *frames,
			struct spy_settled *settled)
{
	int rc;

	if (!spy_is_same(call))
		return true;
	/* Closed by another thread, or by a handler, meanwhile: that tells the story, and this is a line of it. */
	if (spy_table_slot(&spy_core.table, call->fd) != call->slot) {
		ev->state = (enum spy_state)call->conn->state;
		ev->state_before = ev->state;
		ev->source = (enum spy_state_source)call->conn->source;
		settled->line = spy_line_conn(call->conn);
		settled->has_line = !ev->before_call;
		return true;
	}
	rc = follows(call, ev) ? 0 : spy_look(call->conn, call->fd, ev);
	if (spy_is_gone(rc))
		spy_core_closed_unseen(&spy_core, call->fd, ev->now_ns);
	else
		spy_observe(call->conn, ev, frames, settled);
	return rc != SPY_LOOK_ANOTHER;
}

bool spy_call_renew(struct spy_call *call)
{
	spy_adopt(call->fd, true);
	call->slot = spy_table_slot(&spy_core.table, call->fd);
	if (!call->slot || (call->slot & (SPY_SLOT_OWN | SPY_SLOT_CLOSED)))
		return false;
	call->conn = spy_table_conn(&spy_core.table, call->slot);
	call->conn_id = call->conn->id;
	return true;
}

SPY_APART static void settle_another(const struct spy_call *call, struct spy_event *ev, const struct spy_frames *frames,
				     struct spy_settled *settled)
{
	struct spy_call now = *call;

	if (!spy_call_renew(&now))
		return;
	spy_core_lock();
	settle_open(&now, ev, frames, settled);
	spy_core_unlock();
}

/* The first connect() of a socket, where it succeeds, is in no finding: who made the socket is. */
static bool needs_stack(const struct spy_call *call, const struct spy_event *ev)
{
	return ev->op != SPY_OP_CONNECT || ev->ret != 0 || (call->slot & SPY_SLOT_CLOSED) ||
	       (call->conn->flags & SPY_CONN_CONNECT_FAILED) || spy_shows_states();
}

/* What changed since the call before a shutdown() is a state of its own, and not the shutdown's doing. */
SPY_APART static void settle_seen(const struct spy_call *call)
{
	struct spy_settled settled;
	struct spy_event ev;

	if (call->seen_rc != 0 ||
	    (call->seen.state == SPY_STATE_ESTABLISHED && call->conn->state == SPY_STATE_ESTABLISHED))
		return;
	spy_settled_init(&settled);
	spy_event_at(&ev, call->id, SPY_OP_TICK, call->fd, call->seen_ns);
	spy_core_lock();
	/* Still in its slot: no other thread has closed it since the question. */
	if (spy_is_same(call) && spy_table_slot(&spy_core.table, call->fd) == call->slot &&
	    spy_look_with(call->conn, call->fd, &ev, call->seen_rc, &call->seen) == 0)
		spy_observe_look(call->conn, &ev, &settled);
	spy_core_unlock();
	spy_report_settled(&ev, &settled);
}

SPY_APART static void settle_with(const struct spy_call *call, struct spy_event *ev, const struct spy_frames *frames)
{
	struct spy_settled settled;
	bool done = true;

	spy_settled_init(&settled);
	spy_core_lock();
	if (call->slot & SPY_SLOT_CLOSED)
		settle_closed(call, ev, frames, &settled);
	else
		done = settle_open(call, ev, frames, &settled);
	spy_core_unlock();
	if (!done)
		settle_another(call, ev, frames, &settled);
	spy_report_settled(ev, &settled);
}

static void settle(const struct spy_call *call, struct spy_event *ev)
{
	struct spy_frames frames;
	struct spy_section quiet;

	spy_first_socket(); /* A fork's child that serves what it has inherited has its first here. */
	spy_quiet_enter(&quiet);
	frames.count = 0;
	if (needs_stack(call, ev))
		spy_frames_take(call->caller, &frames);
	ask_more(call, ev);
	if (call->op == SPY_OP_SHUTDOWN && !(call->slot & SPY_SLOT_CLOSED))
		settle_seen(call);
	settle_with(call, ev, &frames);
	spy_watcher_on_the_way();
	spy_quiet_leave(&quiet);
}

void spy_count_call(enum spy_call_id call, long rc)
{
	spy_counts_add(spy_counts, spy_self_tid(), call, rc < 0 ? errno : 0);
}

/* Where the connection was last used: a few stores, for a finding that may never come. */
static inline void note_use_by(const struct spy_call *call, uint32_t tid)
{
	struct spy_conn *conn = call->conn;

	if (call->op == SPY_OP_READ || call->op == SPY_OP_WRITE)
		atomic_store_explicit(&conn->last_tid, tid, memory_order_relaxed);
	if (call->op == SPY_OP_WRITE)
		atomic_store_explicit(&conn->last_writer, tid, memory_order_relaxed);
	atomic_store_explicit(&conn->used_forks, spy_core.forks, memory_order_relaxed);
	atomic_store_explicit(&conn->last_caller, call->caller, memory_order_relaxed);
	atomic_store_explicit(&conn->last_call, (uint32_t)call->id, memory_order_relaxed);
}

static void note_use(const struct spy_call *call, long rc)
{
	spy_count(call->id, rc);
	if (SPY_CAN_BLOCK & (1u << call->op))
		spy_inside_leave();
	/* Else closed by another thread meanwhile, and the record is another connection's. */
	if (call->conn->id == call->conn_id)
		note_use_by(call, spy_self_tid());
}

static long finish_with_room(void *what, long rc)
{
	struct spy_call *call = what;
	int err = errno;
	struct spy_event ev;

	spy_event_of(call, rc, err, &ev);
	settle(call, &ev);
	errno = err;
	return rc;
}

long spy_finish(struct spy_call *call, long rc)
{
	note_use(call, rc);
	return spy_with_room(finish_with_room, call, rc);
}

/* Nothing but a line to write: no rule could fire, no state has changed. */
static void report_plain(const struct spy_call *call, long rc, int err)
{
	struct spy_event ev;
	struct spy_line_conn line;

	if (spy_options.calls != SPY_CALLS_ALL) {
		spy_recording_data(call, rc, err);
		return;
	}
	spy_event_of(call, rc, err, &ev);
	ev.state_before = SPY_STATE_ESTABLISHED;
	ev.state = SPY_STATE_ESTABLISHED;
	ev.source = SPY_SOURCE_KERNEL;
	line = spy_line_conn(call->conn);
	spy_report_event(&ev, NULL, &line);
}

/* A successful read or write, or one that has to wait, on a connection without a story so far. */
static inline bool is_plain(const struct spy_call *call, long rc)
{
	if (call->conn->attention || (call->slot & SPY_SLOT_CLOSED) || call->conn->id != call->conn_id)
		return false;
	return rc > 0 ? !call->observed_eof : rc < 0 && (errno == EAGAIN || errno == EINTR);
}

static long finish_data_with_room(void *what, long rc)
{
	struct spy_call *call = what;
	int err = errno;
	struct spy_event ev;
	struct spy_tcp tcp;

	if (is_plain(call, rc) && spy_kernel_tcp(call->fd, &tcp) == 0 && tcp.state == SPY_STATE_ESTABLISHED) {
		report_plain(call, rc, err);
		errno = err;
		return rc;
	}
	spy_event_of(call, rc, err, &ev);
	settle(call, &ev);
	errno = err;
	return rc;
}

SPY_APART static long finish_data_noted(struct spy_call *call, long rc)
{
	note_use(call, rc);
	if (!spy_wants_calls() && is_plain(call, rc))
		return rc;
	return spy_with_room(finish_data_with_room, call, rc);
}

/* What most calls of most programs come to: data went through, and nobody wants to hear of it. */
static inline bool is_nothing_new(const struct spy_call *call, long rc)
{
	return rc > 0 && !spy_counts && !spy_wants_calls() && is_plain(call, rc);
}

long spy_finish_data(struct spy_call *call, long rc)
{
	struct spy_inside *own = spy_inside_own;

	if (!is_nothing_new(call, rc) || !spy_inside_is_own(own) || !spy_self_is_known())
		return finish_data_noted(call, rc);
	atomic_store_explicit(&own->conn_id, 0, memory_order_release);
	note_use_by(call, spy_self.tid);
	return rc;
}

void spy_report_sigpipe(int fd)
{
	struct spy_call call;
	struct spy_event ev;

	/* A call that was left by longjmp is still noted, on another descriptor than the one at fault. */
	if (!spy_inside_self(&call) || call.op != SPY_OP_WRITE || (fd >= 0 && fd != call.fd))
		return;
	spy_event_of(&call, -1, EPIPE, &ev);
	ev.raised_sigpipe = true;
	settle(&call, &ev);
}

static long before_write_with_room(void *what, long unused)
{
	struct spy_call *call = what;
	struct spy_event ev;
	int saved = errno;

	spy_event_of(call, 0, 0, &ev);
	ev.before_call = true;
	settle(call, &ev);
	errno = saved;
	return unused;
}

void spy_before_write(struct spy_call *call)
{
	if (call->conn->attention && !(call->slot & SPY_SLOT_CLOSED) && (call->conn->flags & SPY_CONN_SHUT_WR))
		spy_with_room(before_write_with_room, call, 0);
}

void spy_before_shutdown(struct spy_call *call)
{
	call->seen_ns = spy_clock_now();
	call->seen_rc = spy_kernel_tcp(call->fd, &call->seen);
}
