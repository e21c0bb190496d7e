/*
 * How connections come into the table: socket(), accept(), dup(), and sockets that were there
 * when the program started or came in a message.
 */
#include <errno.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <time.h>

#include "../observe/diag.h"
#include "../observe/kernel.h"
#include "../observe/stack.h"
#include "../preload/ending.h"
#include "../preload/watcher.h"
#include "../report/snapshot.h"
#include "../sink/target.h"
#include "../sys/sys.h"
#include "settle.h"
#include "stack_room.h"

#define PATIENCE_NS (100 * SPY_NS_PER_MS)

static _Atomic uint32_t first_by; /* pid of the process whose first socket has come */
static _Atomic uint32_t first_done; /* pid, once all is ready for it; a futex */

void spy_open_stacks(void)
{
	static _Atomic bool tried;
	const char *why = NULL;
	char room[160];
	struct spy_buf line = SPY_BUF(room);

	if (!spy_options.stack_frames || spy_sandboxed || atomic_exchange(&tried, true) || spy_stack_open(&why))
		return;
	spy_buf_str(&line, "tcpwaitspy: stacks have one frame only: ");
	spy_buf_str(&line, why);
	spy_buf_str(&line, "; install libunwind8, or set stack=0\n");
	spy_target_complain(line.data, line.len);
}

/*
 * Another thread is at it, and has the log and the signals ready in a moment. Not for ever: starting
 * the watcher allocates, and this thread may hold what that waits for.
 */
static void wait_for_first(uint32_t pid)
{
	struct timespec patience = {.tv_nsec = PATIENCE_NS};
	uint32_t seen = first_done;

	if (seen != pid)
		spy_sys4(SYS_futex, &first_done, FUTEX_WAIT_PRIVATE, seen, &patience);
}

void spy_first_socket_forked(void)
{
	first_by = 0;
	first_done = 0;
}

static void get_ready(uint32_t pid)
{
	spy_diag_open();
	spy_target_needed();
	spy_report_process();
	spy_ending_catch_signals();
	spy_snapshot_begin();
	spy_watcher_start();
	first_done = pid;
	spy_sys3(SYS_futex, &first_done, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

void spy_first_socket(void)
{
	uint32_t pid = (uint32_t)spy_self_pid();
	struct spy_section quiet;
	int saved = errno;

	if (first_done == pid && !spy_watcher_is_due())
		return;
	/* A handler that left by longjmp would leave this half done for ever. */
	spy_quiet_enter(&quiet);
	pid = (uint32_t)spy_self_pid();
	if (first_done == pid)
		spy_watcher_start();
	else if (atomic_exchange(&first_by, pid) == pid)
		wait_for_first(pid);
	else
		get_ready(pid);
	spy_quiet_leave(&quiet);
	errno = saved;
}

SPY_APART static void settle_socket(struct spy_event *ev, const struct spy_frames *frames)
{
	struct spy_settled settled;
	struct spy_conn *conn;

	spy_settled_init(&settled);
	spy_core_lock();
	conn = ev->fd < 0 ? spy_core_nobody(&spy_core) : spy_core_open(&spy_core, ev->fd, ev->now_ns);
	if (conn)
		spy_observe(conn, ev, frames, &settled);
	spy_core_unlock();
	spy_report_settled(ev, &settled);
}

static long finish_socket_with_room(void *what, long rc)
{
	struct spy_call *call = what;
	int err = errno;
	struct spy_frames frames;
	struct spy_section quiet;
	struct spy_event ev;

	spy_event_of(call, rc, err, &ev);
	spy_first_socket();
	ev.fd = (int)rc;
	ev.state = SPY_STATE_CLOSED;
	spy_quiet_enter(&quiet);
	spy_frames_take(call->caller, &frames);
	settle_socket(&ev, &frames);
	spy_quiet_leave(&quiet);
	errno = err;
	return rc;
}

long spy_finish_socket(struct spy_call *call, long rc)
{
	spy_count(call->id, rc);
	return spy_with_room(finish_socket_with_room, call, rc);
}

/* The record begins in the state that the connection has: it came here without this program's doing. */
static struct spy_conn *open_record_in(int fd, const struct spy_event *ev)
{
	struct spy_conn *conn = spy_core_open(&spy_core, fd, ev->now_ns);

	if (conn && ev->state != SPY_STATE_UNKNOWN)
		spy_ledger_move(&spy_core.ledger, conn, ev->state, ev->now_ns);
	return conn;
}

/* Both ends of a new connection; of the listener's address only where it is not a wildcard. */
static void ask_ends(const struct spy_call *call, int fd, struct spy_event *ev)
{
	struct spy_tcp tcp;

	if (!ev->peer.family)
		ev->peer = spy_kernel_peer(fd);
	if (call->conn && call->conn->local.family && !spy_addr_is_any(&call->conn->local) &&
	    spy_table_slot(&spy_core.table, call->fd) == call->slot)
		ev->local = call->conn->local;
	else
		ev->local = spy_kernel_local(fd);
	if (!spy_shows_states())
		return; /* ESTABLISHED, or so soon after it that the first look at it says what has come since. */
	spy_kernel_tcp(fd, &tcp);
	ev->state = tcp.state;
	ev->since_last_ack_ms = tcp.since_last_ack_ms;
	ev->since_last_sent_ms = tcp.since_last_sent_ms;
}

SPY_APART static void settle_accept(const struct spy_call *call, struct spy_event *ev, const struct spy_frames *frames)
{
	struct spy_settled settled;
	struct spy_conn *conn;

	spy_settled_init(&settled);
	spy_core_lock();
	if (spy_is_same(call))
		spy_core_accepted(call->conn);
	conn = open_record_in((int)ev->ret, ev);
	/* On Linux an accepted socket has its listener's options. */
	if (conn && spy_is_same(call))
		conn->flags |= call->conn->flags & SPY_CONN_LINGER_0;
	if (conn)
		spy_observe(conn, ev, frames, &settled);
	spy_core_unlock();
	spy_report_settled(ev, &settled);
}

static long finish_accept_with_room(void *what, long rc)
{
	struct spy_call *call = what;
	int err = errno;
	struct spy_frames frames;
	struct spy_section quiet;
	struct spy_event ev;

	spy_event_of(call, rc, err, &ev);
	spy_first_socket();
	spy_quiet_enter(&quiet);
	spy_frames_take(call->caller, &frames);
	ask_ends(call, (int)rc, &ev);
	settle_accept(call, &ev, &frames);
	spy_quiet_leave(&quiet);
	errno = err;
	return rc;
}

long spy_finish_accept(struct spy_call *call, long rc)
{
	if (rc < 0)
		return call->conn ? spy_finish(call, rc) : rc;
	spy_count(call->id, rc);
	return spy_with_room(finish_accept_with_room, call, rc);
}

long spy_finish_dup(struct spy_call *call, long rc)
{
	int err = errno;
	struct spy_section section;

	if (rc >= 0 && !spy_in_vfork_child()) {
		spy_section_enter(&section);
		if (spy_is_same(call) && !(call->slot & SPY_SLOT_CLOSED)) {
			spy_core_closed_unseen(&spy_core, (int)rc, spy_clock_now());
			spy_table_attach(&spy_core.table, (int)rc, call->conn);
		}
		spy_section_leave(&section);
	}
	errno = err;
	return spy_finish(call, rc);
}

/* A parent's or a sender's socket: whoever hands one over wants it served, so it counts as accepted. */
static void adopt_as(int fd, enum spy_kind kind, bool handed_over)
{
	struct spy_settled settled;
	struct spy_frames frames = {.count = 0};
	struct spy_section quiet;
	struct spy_event ev;
	struct spy_conn *conn;

	spy_first_socket();
	spy_settled_init(&settled);
	spy_event_init(&ev, SPY_CALL_socket, SPY_OP_OPEN, fd);
	ev.local = spy_kernel_local(fd);
	ev.peer = spy_kernel_peer(fd);
	spy_quiet_enter(&quiet);
	spy_core_lock();
	conn = spy_core_open(&spy_core, fd, ev.now_ns);
	if (conn) {
		conn->flags |= SPY_CONN_INHERITED;
		conn->flags |= kind == SPY_KIND_TCP_LISTENER ? SPY_CONN_LISTENER : 0;
		spy_look(conn, fd, &ev);
		if (ev.peer.family)
			ev.op = SPY_OP_ACCEPT;
		spy_observe(conn, &ev, &frames, &settled);
		if (!handed_over)
			spy_core_not_ours_yet(&spy_core, conn);
	}
	spy_core_unlock();
	spy_report_findings(&settled.out);
	spy_quiet_leave(&quiet);
}

void spy_adopt(int fd, bool handed_over)
{
	enum spy_kind kind;
	int saved = errno;

	if (spy_table_slot(&spy_core.table, fd) & SPY_SLOT_OWN)
		return;
	kind = spy_kernel_kind(fd);
	if (kind != SPY_KIND_OTHER)
		adopt_as(fd, kind, handed_over);
	errno = saved;
}
