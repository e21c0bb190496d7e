/*
 * Closing: what close(), closefrom(), close_range(), dup2() over a socket, fclose() and others
 * end, in two steps around the real call. See call.h.
 */
#include <errno.h>

#include "../observe/diag.h"
#include "../observe/kernel.h"
#include "../report/recording.h"
#include "../sys/sys.h"
#include "inside.h"
#include "settle.h"
#include "stack_room.h"
#include "sweep.h"

/*
 * A connection that was told to the core before its real close() is left alone for so long; that is lifted when
 * close() returns, which is sooner unless it lingers.
 */
#define CLOSING_NS (100 * SPY_NS_PER_MS)

static bool is_connected(enum spy_state state)
{
	return state != SPY_STATE_CLOSED && state != SPY_STATE_LISTEN && state != SPY_STATE_UNKNOWN;
}

/*
 * The state before the close. TIME_WAIT lasts as long as it does. In CLOSE_WAIT nothing comes after the end of file but
 * a reset, which no one hears of who only closes: where no line shows the state, it is not asked for.
 */
static int look(const struct spy_closing *closing, struct spy_event *seen)
{
	struct spy_conn *conn = closing->call.conn;
	const uint32_t story = SPY_CONN_EOF | SPY_CONN_SENT_AFTER_FIN | SPY_CONN_SHUT_WR;

	seen->state = (enum spy_state)conn->state;
	if (spy_is_waiting(conn, seen->now_ns))
		return 0;
	if (!spy_shows_states() && seen->state == SPY_STATE_CLOSE_WAIT && (conn->flags & story) == SPY_CONN_EOF)
		return 0;
	return spy_look(conn, closing->call.fd, seen);
}

/* What the peer sent and nobody read; after the end of file there is no more. */
static void ask_unread(struct spy_closing *closing)
{
	int fd = closing->call.fd;

	if (closing->call.conn->flags & SPY_CONN_EOF) {
		closing->unread_bytes = 0;
		return;
	}
	closing->unread_bytes = spy_kernel_unread(fd);
	if (closing->unread_bytes > 0 && spy_kernel_is_tls_alert(fd, closing->unread_bytes))
		closing->unread_is_alert = true;
}

/*
 * What changed since the last call is a state of its own, and not the close's doing. Then the
 * descriptor is detached. The lock is held. False where it is another connection's, which has no record yet.
 */
static bool detach(struct spy_closing *closing, struct spy_event *seen, struct spy_settled *settled)
{
	struct spy_call *call = &closing->call;
	struct spy_conn *conn;
	bool connected;
	int rc;

	if (!spy_is_same(call) || spy_table_slot(&spy_core.table, call->fd) != call->slot)
		return true;
	rc = look(closing, seen);
	if (spy_is_gone(rc)) {
		spy_core_closed_unseen(&spy_core, call->fd, seen->now_ns);
		return rc != SPY_LOOK_ANOTHER;
	}
	spy_observe_look(call->conn, seen, settled);
	connected = is_connected(seen->state) && seen->state != SPY_STATE_TIME_WAIT;
	if (connected)
		ask_unread(closing);
	if (connected || (seen->state == SPY_STATE_LISTEN && spy_shows_states()))
		call->conn->cookie = spy_kernel_cookie(call->fd);
	conn = spy_table_detach(&spy_core.table, call->fd);
	if (conn)
		spy_table_pin(conn);
	closing->open = conn != NULL;
	closing->last = conn && conn->descriptors == 0;
	closing->before = seen->state;
	return true;
}

void spy_forget_closed(int fd)
{
	struct spy_section section;

	spy_section_enter(&section);
	if (spy_table_slot(&spy_core.table, fd) & SPY_SLOT_CLOSED)
		spy_table_clear(&spy_core.table, fd);
	spy_section_leave(&section);
}

/* A listener that a forking server's other processes, or one that it was sent to, have as well listens on. */
static enum spy_state ask_listener(const struct spy_conn *conn)
{
	return spy_diag_is_listening(&conn->local, conn->cookie) ? SPY_STATE_LISTEN : SPY_STATE_CLOSED;
}

/* Where the connection went: asked at once where a line shall say it, else left to the watcher. */
static void ask_where(const struct spy_closing *closing, struct spy_event *ev)
{
	int64_t rest_ms;

	if (!closing->last || closing->before == SPY_STATE_TIME_WAIT)
		ev->state = closing->before;
	else if (closing->before == SPY_STATE_LISTEN && spy_shows_states())
		ev->state = ask_listener(closing->call.conn);
	else if (!is_connected(closing->before))
		ev->state = SPY_STATE_CLOSED;
	else if (spy_shows_states())
		spy_look_by_address(closing->call.conn, ev, &rest_ms);
}

static void end_open(struct spy_closing *closing, struct spy_event *ev, const struct spy_frames *frames,
		     struct spy_settled *settled)
{
	struct spy_conn *conn = closing->call.conn;
	uint64_t next_look_ns = 0;

	ev->unread_bytes = closing->unread_bytes;
	ev->unread_is_alert = closing->unread_is_alert;
	ev->last_descriptor = closing->last;
	ev->user_is_gone = closing->user_is_gone;
	ev->in_use_tid = closing->in_use_tid;
	spy_core.closes++;
	spy_observe(conn, ev, frames, settled);
	spy_table_unpin(conn);
	if (!closing->last)
		return;
	if (conn->state == SPY_STATE_TIME_WAIT)
		next_look_ns = conn->since_ns + SPY_TIME_WAIT_NS;
	else if (closing->told)
		next_look_ns = ev->now_ns + CLOSING_NS;
	spy_core_let_go(&spy_core, conn, next_look_ns);
}

/*
 * close() without a line: what follows it is known before it is made, and told in the same section. The rest of
 * its story comes from the watcher.
 */
static void tell(struct spy_closing *closing, struct spy_event *ev, const struct spy_frames *frames,
		 struct spy_settled *settled)
{
	closing->told = true;
	ask_where(closing, ev);
	end_open(closing, ev, frames, settled);
}

/* Asked for where another thread used it last. What a filter refuses is no answer, and the thread counts as there. */
static bool user_is_gone(const struct spy_conn *conn)
{
	uint32_t tid = atomic_load_explicit(&conn->last_tid, memory_order_relaxed);

	return tid && tid != spy_self_tid() && spy_sys3(SYS_tgkill, spy_self_pid(), tid, 0) == -ESRCH;
}

SPY_APART static void settle_begin(struct spy_closing *closing, bool tells, const struct spy_frames *frames)
{
	struct spy_settled settled;
	struct spy_event seen, ev;
	bool done;

	spy_settled_init(&settled);
	spy_event_init(&seen, closing->call.id, SPY_OP_TICK, closing->call.fd);
	if (tells)
		spy_event_of_at(&closing->call, 0, 0, seen.now_ns, &ev);
	spy_core_lock();
	done = detach(closing, &seen, &settled);
	if (!done) {
		spy_core_unlock();
		done = spy_call_renew(&closing->call);
		spy_core_lock();
		if (done)
			detach(closing, &seen, &settled);
	}
	if (tells && closing->open)
		tell(closing, &ev, frames, &settled);
	spy_core_unlock();
	spy_report_settled(&seen, &settled);
}

static long begin_with_room(void *what, long unused)
{
	struct spy_closing *closing = what;
	bool tells = !spy_shows_states() && closing->call.id == SPY_CALL_close;
	struct spy_frames frames = {.count = 0};
	struct spy_section quiet;

	spy_quiet_enter(&quiet);
	if (tells)
		spy_frames_take(closing->call.caller, &frames);
	closing->in_use_tid = spy_inside_other(closing->call.conn, closing->call.fd);
	closing->user_is_gone = user_is_gone(closing->call.conn);
	settle_begin(closing, tells, &frames);
	spy_quiet_leave(&quiet);
	return unused;
}

void spy_close_begin(struct spy_closing *closing, enum spy_call_id id, int fd, uintptr_t caller)
{
	uint32_t slot = spy_table_slot(&spy_core.table, fd);
	int saved = errno;

	closing->open = false;
	closing->told = false;
	closing->was_closed = false;
	closing->unread_bytes = SPY_UNKNOWN;
	closing->shown_fd = fd;
	closing->in_use_tid = 0;
	closing->user_is_gone = false;
	closing->unread_is_alert = false;
	if (!slot || !spy_enter_tracked(&closing->call, id, fd, slot, caller) || spy_in_vfork_child()) {
		errno = saved;
		return;
	}
	closing->call.op = SPY_OP_CLOSE;
	if (!closing->call.began_ns)
		closing->call.began_ns = spy_clock_now();
	closing->was_closed = slot & SPY_SLOT_CLOSED;
	if (!closing->was_closed)
		spy_with_room(begin_with_room, closing, 0);
	errno = saved;
}

/* The close ended nothing, and the descriptor is as it was (dup2() from a bad descriptor). */
static void undo(const struct spy_closing *closing)
{
	spy_table_unpin(closing->call.conn);
	spy_table_reattach(&spy_core.table, closing->call.fd, closing->call.conn);
}

/* Nothing was there; or the call is interrupted again, as the one was that freed the number. */
static bool is_close_of_nothing(const struct spy_conn *conn, const struct spy_event *ev)
{
	return ev->ret < 0 && (ev->err == EBADF || (ev->err == EINTR && (conn->flags & SPY_CONN_CLOSE_EINTR)));
}

/* A close() of a number whose socket was closed before. */
static void end_closed(const struct spy_closing *closing, struct spy_event *ev, const struct spy_frames *frames,
		       struct spy_settled *settled)
{
	const struct spy_call *call = &closing->call;

	if (!spy_is_same(call) || spy_table_slot(&spy_core.table, call->fd) != call->slot)
		return;
	if (is_close_of_nothing(call->conn, ev)) {
		ev->was_closed = true;
		spy_observe(call->conn, ev, frames, settled);
	} else if (!call->conn->pins) {
		/* The number was something else by now. With a pin its first close() is still under way. */
		spy_table_clear(&spy_core.table, call->fd);
	}
}

SPY_APART static void settle_end(struct spy_closing *closing, struct spy_event *ev, const struct spy_frames *frames)
{
	struct spy_settled settled;

	spy_settled_init(&settled);
	spy_core_lock();
	/* On Linux the number is free whatever else close() says (close(2)); EBADF alone means it was not there. */
	if (closing->open && ev->ret < 0 && closing->call.id != SPY_CALL_close && spy_kernel_is_open(closing->call.fd))
		undo(closing);
	else if (closing->open)
		end_open(closing, ev, frames, &settled);
	else
		end_closed(closing, ev, frames, &settled);
	spy_core_unlock();
	if (closing->was_closed && closing->call.id == SPY_CALL_close && spy_sweep_hold(closing->call.fd, &settled.out))
		settled.out.count = 0;
	spy_report_settled(ev, &settled);
}

static long end_with_room(void *what, long rc)
{
	struct spy_closing *closing = what;
	int err = errno;
	struct spy_frames frames;
	struct spy_section quiet;
	struct spy_event ev;

	spy_event_of(&closing->call, rc, err, &ev);
	ev.fd = closing->shown_fd;
	spy_quiet_enter(&quiet);
	spy_frames_take(closing->call.caller, &frames);
	if (closing->open)
		ask_where(closing, &ev);
	settle_end(closing, &ev, &frames);
	spy_quiet_leave(&quiet);
	errno = err;
	return rc;
}

/* It was told as a success, which it nearly always is. With EINTR the descriptor is gone all the same. */
static void end_told(const struct spy_closing *closing, long rc)
{
	struct spy_conn *conn = closing->call.conn;
	int err = errno;
	struct spy_section section;

	if (rc == 0 && conn->id == closing->call.conn_id && (conn->flags & SPY_CONN_CLOSED))
		conn->next_look_ns = conn->state == SPY_STATE_TIME_WAIT ? conn->next_look_ns : 0;
	if (rc == 0 || err != EINTR)
		return;
	spy_section_enter(&section);
	if (spy_is_same(&closing->call) && closing->last)
		conn->flags |= SPY_CONN_CLOSE_EINTR;
	spy_section_leave(&section);
	errno = err;
}

long spy_close_end(struct spy_closing *closing, long rc)
{
	/* What dup2() ends counts as a dup2(), which comes by another way where it is on a TCP socket. */
	if ((closing->open || closing->was_closed) && spy_calls[closing->call.id].op == SPY_OP_CLOSE)
		spy_count(closing->call.id, rc);
	if (closing->told) {
		end_told(closing, rc);
		return rc;
	}
	return closing->open || closing->was_closed ? spy_with_room(end_with_room, closing, rc) : rc;
}
