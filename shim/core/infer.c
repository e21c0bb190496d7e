/*
 * States worked out from calls and their results; see infer.h.
 */
#include "infer.h"

#include <errno.h>
#include <sys/socket.h>

/* Our FIN: sent by close() and by shutdown() of the writing side. */
static enum spy_state after_our_fin(enum spy_state state)
{
	switch (state) {
	case SPY_STATE_ESTABLISHED:
	case SPY_STATE_SYN_RECV:
		return SPY_STATE_FIN_WAIT_1;
	case SPY_STATE_CLOSE_WAIT:
		return SPY_STATE_LAST_ACK;
	case SPY_STATE_SYN_SENT:
	case SPY_STATE_LISTEN:
		return SPY_STATE_CLOSED;
	default:
		return state;
	}
}

/* The peer's FIN, which a read that returned 0 has seen. */
static enum spy_state after_peer_fin(enum spy_state state)
{
	switch (state) {
	case SPY_STATE_ESTABLISHED:
	case SPY_STATE_SYN_RECV:
		return SPY_STATE_CLOSE_WAIT;
	case SPY_STATE_FIN_WAIT_1:
		return SPY_STATE_CLOSING;
	case SPY_STATE_FIN_WAIT_2:
		return SPY_STATE_TIME_WAIT;
	default:
		return state;
	}
}

static enum spy_state after_connect(const struct spy_event *ev, enum spy_state state)
{
	if (ev->ret == 0)
		return ev->target.family ? SPY_STATE_ESTABLISHED : SPY_STATE_CLOSED; /* AF_UNSPEC dissolves. */
	if (ev->err == EISCONN)
		return state == SPY_STATE_SYN_SENT || state == SPY_STATE_CLOSED ? SPY_STATE_ESTABLISHED : state;
	if (ev->err == EINPROGRESS || ev->err == EALREADY || ev->err == EINTR)
		return SPY_STATE_SYN_SENT;
	return ev->err == EBADF ? state : SPY_STATE_CLOSED;
}

static enum spy_state after_shutdown(const struct spy_event *ev, const struct spy_conn *conn)
{
	/* A listener ends with its reading side, and so does an attempt to connect (linux/net/ipv4/tcp.c). */
	if (ev->ret == 0 && ev->arg[0] != SHUT_WR &&
	    (conn->state == SPY_STATE_LISTEN || conn->state == SPY_STATE_SYN_SENT))
		return SPY_STATE_CLOSED;
	if (ev->ret != 0 || ev->arg[0] == SHUT_RD || conn->state == SPY_STATE_LISTEN)
		return conn->state;
	return after_our_fin(conn->state);
}

/* With SO_LINGER at 0 s, or with data unread, close() resets the connection instead (RFC 2525, 2.17). */
static enum spy_state after_close(const struct spy_event *ev, const struct spy_conn *conn)
{
	if (!ev->last_descriptor)
		return conn->state;
	if ((conn->flags & SPY_CONN_LINGER_0) || ev->unread_bytes > 0)
		return SPY_STATE_CLOSED;
	return after_our_fin(conn->state);
}

enum spy_state spy_infer_state(const struct spy_event *ev, const struct spy_conn *conn)
{
	switch (ev->op) {
	case SPY_OP_CONNECT:
		return after_connect(ev, conn->state);
	case SPY_OP_LISTEN:
		return ev->ret == 0 ? SPY_STATE_LISTEN : conn->state;
	case SPY_OP_ACCEPT:
		return ev->ret >= 0 ? SPY_STATE_ESTABLISHED : conn->state;
	case SPY_OP_READ:
		if (ev->observed_eof && !(conn->flags & SPY_CONN_SHUT_RD))
			return after_peer_fin(conn->state);
		return ev->err == ECONNRESET ? SPY_STATE_CLOSED : conn->state;
	case SPY_OP_WRITE:
		return ev->err == ECONNRESET ? SPY_STATE_CLOSED : conn->state;
	case SPY_OP_SHUTDOWN:
		return after_shutdown(ev, conn);
	case SPY_OP_CLOSE:
		return after_close(ev, conn);
	default:
		return conn->state;
	}
}

/* How far a connection has come; from one stage to the next, or to a later one, but never back. */
static int stage_of(enum spy_state state)
{
	switch (state) {
	case SPY_STATE_LISTEN:
	case SPY_STATE_SYN_SENT:
	case SPY_STATE_SYN_RECV:
		return 1;
	case SPY_STATE_ESTABLISHED:
		return 2;
	case SPY_STATE_FIN_WAIT_1:
	case SPY_STATE_FIN_WAIT_2:
	case SPY_STATE_CLOSE_WAIT:
		return 3;
	case SPY_STATE_CLOSING:
	case SPY_STATE_LAST_ACK:
	case SPY_STATE_TIME_WAIT:
		return 4;
	default:
		return 0;
	}
}

static bool is_fin_wait(enum spy_state state)
{
	return state == SPY_STATE_FIN_WAIT_1 || state == SPY_STATE_FIN_WAIT_2;
}

bool spy_infer_is_another(const struct spy_event *ev, const struct spy_conn *conn)
{
	enum spy_state before = conn->state, now = ev->state;

	/* A socket that is closed, by RST or by its own wish, may connect again; and a listener begins anew. */
	if (before == SPY_STATE_CLOSED || now == SPY_STATE_CLOSED || now == SPY_STATE_UNKNOWN ||
	    conn->source != SPY_SOURCE_KERNEL || ev->op == SPY_OP_CONNECT || ev->op == SPY_OP_LISTEN)
		return false;
	if ((before == SPY_STATE_LISTEN || now == SPY_STATE_LISTEN) && before != now)
		return true;
	if (stage_of(now) != stage_of(before))
		return stage_of(now) < stage_of(before);
	/* Whose FIN came first does not change. */
	return stage_of(now) == 3 && is_fin_wait(now) != is_fin_wait(before);
}
