/*
 * The state of a connection, asked of the kernel.
 */
#include <netinet/in.h>

#include "../core/infer.h"
#include "../observe/diag.h"
#include "../observe/kernel.h"
#include "../report/recording.h"
#include "call.h"

void spy_event_at(struct spy_event *ev, enum spy_call_id call, enum spy_op op, int fd, uint64_t now_ns)
{
	*ev = (struct spy_event){
		.call = call,
		.op = op,
		.fd = fd,
		.arg = {SPY_UNKNOWN, SPY_UNKNOWN, SPY_UNKNOWN},
		.unread_bytes = SPY_UNKNOWN,
		.since_last_ack_ms = SPY_UNKNOWN,
		.since_last_sent_ms = SPY_UNKNOWN,
		.state_age_ms = SPY_UNKNOWN,
		.now_ns = now_ns,
		.wall_ns = spy_clock_wall_at(now_ns),
		.tid = spy_self_tid(),
	};
}

void spy_event_init(struct spy_event *ev, enum spy_call_id call, enum spy_op op, int fd)
{
	spy_event_at(ev, call, op, fd, spy_clock_now());
}

/*
 * A socket that went on to TIME_WAIT, or was orphaned before, is CLOSED for its descriptor: the
 * kernel has moved the rest of the story to a record of its own, which only sock_diag sees.
 */
static bool may_be_moved(const struct spy_conn *conn)
{
	switch ((enum spy_state)conn->state) {
	case SPY_STATE_FIN_WAIT_1:
	case SPY_STATE_FIN_WAIT_2:
	case SPY_STATE_CLOSING:
	case SPY_STATE_TIME_WAIT:
		return true;
	default:
		return false;
	}
}

bool spy_is_waiting(const struct spy_conn *conn, uint64_t now_ns)
{
	return conn->state == SPY_STATE_TIME_WAIT && now_ns - conn->since_ns < SPY_TIME_WAIT_NS;
}

void spy_look_by_address(struct spy_conn *conn, struct spy_event *ev, int64_t *rest_ms)
{
	struct spy_diag_more more;

	ev->state = spy_diag_state(&conn->local, &conn->peer, conn->cookie, &more);
	*rest_ms = more.rest_ms;
	/* Somebody has a descriptor of it: who, can be searched for by this. */
	if (more.inode)
		conn->inode = more.inode;
	if (ev->state == SPY_STATE_TIME_WAIT && *rest_ms >= 0 && *rest_ms <= SPY_TIME_WAIT_MS)
		ev->state_age_ms = SPY_TIME_WAIT_MS - *rest_ms;
	/* Without a descriptor FIN_WAIT_2 has a time limit, which began with it. */
	if (ev->state == SPY_STATE_FIN_WAIT_2 && *rest_ms > 0 && *rest_ms <= spy_diag_fin_timeout_ms())
		ev->state_age_ms = spy_diag_fin_timeout_ms() - *rest_ms;
}

/*
 * Put over the connection by means that no hook saw: by the state, which costs nothing, or by the cookie, which
 * the watcher has asked for, where the story would go on to a finding.
 */
static bool is_another(const struct spy_conn *conn, int fd, const struct spy_event *ev)
{
	uint64_t cookie;

	if (spy_infer_is_another(ev, conn))
		return true;
	if (ev->op != SPY_OP_TICK || !conn->cookie || !spy_state_is_wait(ev->state))
		return false;
	cookie = spy_kernel_cookie(fd);
	return cookie && cookie != conn->cookie;
}

/*
 * The peer's FIN after ours leads to TIME_WAIT. Where the descriptor's socket is CLOSED at an end of file it has come
 * there: after a reset the read would have failed.
 */
static bool is_in_time_wait(const struct spy_conn *conn, const struct spy_event *ev)
{
	return ev->observed_eof && !spy_shows_states() && may_be_moved(conn) && conn->state != SPY_STATE_TIME_WAIT;
}

int spy_look(struct spy_conn *conn, int fd, struct spy_event *ev)
{
	struct spy_tcp tcp;
	int rc = spy_kernel_tcp(fd, &tcp);

	return spy_look_with(conn, fd, ev, rc, &tcp);
}

int spy_look_with(struct spy_conn *conn, int fd, struct spy_event *ev, int rc, const struct spy_tcp *tcp)
{
	int64_t rest_ms;

	ev->state = tcp->state;
	ev->since_last_ack_ms = tcp->since_last_ack_ms;
	ev->since_last_sent_ms = tcp->since_last_sent_ms;
	if (rc == 0 && is_another(conn, fd, ev))
		return SPY_LOOK_ANOTHER;
	/* TIME_WAIT ends with its timer and not before: no need to ask. */
	if (rc == 0 && tcp->state == SPY_STATE_CLOSED && spy_is_waiting(conn, ev->now_ns)) {
		ev->state = SPY_STATE_TIME_WAIT;
	} else if (rc == 0 && tcp->state == SPY_STATE_CLOSED && is_in_time_wait(conn, ev)) {
		ev->state = SPY_STATE_TIME_WAIT;
	} else if (rc == 0 && tcp->state == SPY_STATE_CLOSED && may_be_moved(conn)) {
		spy_look_by_address(conn, ev, &rest_ms);
		if (ev->state == SPY_STATE_UNKNOWN)
			ev->state = SPY_STATE_CLOSED;
	}
	return rc;
}
