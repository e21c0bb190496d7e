/*
 * What an event says about its connection's record, before its state moves: flags, stacks, counts.
 */
#include "notes.h"

#include <errno.h>
#include <sys/socket.h>

static void count_connection(struct spy_core *core, struct spy_conn *conn)
{
	if (conn->flags & SPY_CONN_COUNTED)
		return;
	conn->flags |= SPY_CONN_COUNTED;
	core->connections++;
	if (conn->flags & SPY_CONN_ACCEPTED)
		core->accepted++;
}

static void note_bind(const struct spy_event *ev, struct spy_conn *conn)
{
	if (ev->ret != 0)
		return;
	conn->flags |= SPY_CONN_BOUND;
	if (ev->target.port != 0)
		conn->flags |= SPY_CONN_FIXED_PORT;
	if (ev->options & SPY_OPT_REUSEADDR)
		conn->flags |= SPY_CONN_REUSEADDR;
	conn->stacks[SPY_STACK_BOUND] = ev->stack;
}

static void note_listen(const struct spy_event *ev, struct spy_conn *conn)
{
	if (ev->ret != 0)
		return;
	conn->flags |= SPY_CONN_LISTENER;
	if (ev->options & SPY_OPT_REUSEPORT)
		conn->flags |= SPY_CONN_REUSEPORT;
}

/* connect() to AF_UNSPEC dissolves the association; the socket is as new (connect(2)). */
static void note_disconnect(struct spy_conn *conn)
{
	conn->flags &= ~(uint32_t)(SPY_CONN_CONNECTED | SPY_CONN_CONNECT_FAILED | SPY_CONN_EOF | SPY_CONN_SHUT_RD |
				   SPY_CONN_SHUT_WR | SPY_CONN_SENT_AFTER_FIN);
	conn->eof_reads = 0;
	conn->peer = (struct spy_addr){.family = 0};
}

static void note_connect(struct spy_core *core, const struct spy_event *ev, struct spy_conn *conn)
{
	bool started = ev->ret == 0 || ev->err == EINPROGRESS || ev->err == EINTR;

	if (ev->ret == 0 && ev->target.family == 0) {
		note_disconnect(conn);
		return;
	}
	if (conn->flags & SPY_CONN_CONNECT_FAILED)
		conn->flags |= SPY_CONN_CONNECT_RETRIED;
	if (started) {
		conn->flags |= SPY_CONN_CONNECTED;
		count_connection(core, conn);
		return;
	}
	/* A second call on a socket that connects, or has connected, is no attempt and no failure. */
	if (ev->err != EALREADY && ev->err != EISCONN && ev->err != EAGAIN && ev->err != EBADF)
		conn->flags |= SPY_CONN_CONNECT_FAILED;
}

static void note_option(const struct spy_event *ev, struct spy_conn *conn)
{
	int64_t level = ev->arg[0], option = ev->arg[1], value = ev->arg[2];

	if (ev->ret != 0 || level != SOL_SOCKET)
		return;
	if (ev->call == SPY_CALL_getsockopt) {
		if (option == SO_ERROR && value > 0 && conn->state != SPY_STATE_ESTABLISHED &&
		    (conn->flags & SPY_CONN_CONNECTED) && !(conn->states_seen & (1u << SPY_STATE_ESTABLISHED)))
			conn->flags |= SPY_CONN_CONNECT_FAILED;
		return;
	}
	if (option == SO_REUSEADDR && value > 0 && (conn->flags & SPY_CONN_BOUND) &&
	    !(conn->flags & SPY_CONN_REUSEADDR))
		conn->flags |= SPY_CONN_REUSE_LATE;
	if (option == SO_LINGER && value == 0)
		conn->flags |= SPY_CONN_LINGER_0;
	if (option == SO_LINGER && value != 0)
		conn->flags &= ~(uint32_t)SPY_CONN_LINGER_0;
}

static void note_configure(const struct spy_event *ev, struct spy_conn *conn)
{
	if (ev->call == SPY_CALL_setsockopt || ev->call == SPY_CALL_getsockopt)
		note_option(ev, conn);
	if (ev->call == SPY_CALL_fdopen && ev->ret == 0)
		conn->flags |= SPY_CONN_STDIO;
}

static void note_read(const struct spy_event *ev, struct spy_conn *conn)
{
	/* A read that was inside when another thread called shutdown() is what shutdown() is for. */
	bool began_after = ev->now_ns - ev->duration_ns >= conn->shut_ns;

	if ((conn->flags & SPY_CONN_SHUT_RD) && began_after && conn->reads_after_shut < UINT16_MAX)
		conn->reads_after_shut++;
	if (!ev->observed_eof || ev->peek || (conn->flags & SPY_CONN_SHUT_RD))
		return;
	if (!(conn->flags & SPY_CONN_EOF)) {
		conn->stacks[SPY_STACK_EOF] = ev->stack;
		conn->eof_call = (uint16_t)ev->call;
	}
	conn->flags |= SPY_CONN_EOF;
	if (conn->eof_reads < UINT16_MAX)
		conn->eof_reads++;
}

static void note_write(const struct spy_event *ev, struct spy_conn *conn)
{
	bool after_fin = conn->state == SPY_STATE_CLOSE_WAIT || (conn->flags & SPY_CONN_EOF);

	if (ev->ret <= 0 || !after_fin || ev->before_call || (conn->flags & SPY_CONN_SENT_AFTER_FIN))
		return;
	conn->flags |= SPY_CONN_SENT_AFTER_FIN;
	conn->stacks[SPY_STACK_SENT] = ev->stack;
}

static void note_shutdown(const struct spy_event *ev, struct spy_conn *conn)
{
	bool was_connected = conn->states_seen & (1u << SPY_STATE_ESTABLISHED);

	/* ENOTCONN: the peer has ended the rest already; the program's duty to close() is the same. */
	if (ev->ret != 0 && !(ev->err == ENOTCONN && was_connected))
		return;
	if (ev->arg[0] == SHUT_RD || ev->arg[0] == SHUT_RDWR)
		conn->flags |= SPY_CONN_SHUT_RD;
	if (ev->arg[0] == SHUT_WR || ev->arg[0] == SHUT_RDWR)
		conn->flags |= SPY_CONN_SHUT_WR;
	if (ev->arg[0] == SHUT_RDWR)
		conn->flags |= SPY_CONN_SHUT_BOTH_AT_ONCE;
	conn->shut_ns = ev->now_ns;
	conn->stacks[SPY_STACK_SHUT] = ev->stack;
}

static void note_close(const struct spy_event *ev, struct spy_conn *conn)
{
	bool by_user = ev->tid == conn->made_tid || ev->tid == conn->last_tid;

	conn->stacks[SPY_STACK_CLOSED] = ev->stack;
	conn->closed_tid = ev->tid;
	conn->closed_ns = ev->now_ns;
	if (by_user)
		conn->flags |= SPY_CONN_CLOSED_BY_USER;
	if (ev->err == EINTR && ev->last_descriptor)
		conn->flags |= SPY_CONN_CLOSE_EINTR;
	if (!ev->last_descriptor)
		conn->flags |= SPY_CONN_DUP_CLOSED;
	if (ev->in_use_tid)
		conn->flags |= SPY_CONN_CLOSED_IN_USE;
}

/*
 * The kernel says that a connection whose last descriptor here is gone goes on as if nothing had
 * been closed: somebody else has it. Not so while a thread is still inside a call on it.
 */
void spy_note_held(const struct spy_event *ev, struct spy_conn *conn)
{
	if (!(conn->flags & SPY_CONN_CLOSED) || (conn->flags & SPY_CONN_CLOSED_IN_USE) || ev->was_closed)
		return;
	if (ev->source == SPY_SOURCE_KERNEL && !spy_state_is_over(conn->state))
		conn->flags |= SPY_CONN_HELD;
	else
		conn->flags &= ~(uint32_t)SPY_CONN_HELD;
}

/* accept() that fails for want of a resource: how often in a row, with nothing given back in between. */
static void note_failed_accept(const struct spy_core *core, const struct spy_event *ev, struct spy_conn *listener)
{
	bool resource = ev->err == EMFILE || ev->err == ENFILE || ev->err == ENOBUFS || ev->err == ENOMEM;

	if (!resource)
		return;
	if (ev->err != listener->failed_errno || core->closes != listener->failed_closes)
		listener->failed_accepts = 0;
	listener->failed_errno = (uint16_t)ev->err;
	listener->failed_closes = core->closes;
	if (listener->failed_accepts < UINT16_MAX)
		listener->failed_accepts++;
}

/* A call that means the connection, and not only its number or the process. */
bool spy_is_use(const struct spy_event *ev)
{
	switch (ev->op) {
	case SPY_OP_TICK:
	case SPY_OP_EXIT:
	case SPY_OP_EXEC:
	case SPY_OP_CLOSE:
	case SPY_OP_DUP:
		return false;
	default:
		return true;
	}
}

/* A parent's connection that this process uses is this process's from now on. */
static void note_used(struct spy_core *core, struct spy_conn *conn, uint64_t now_ns)
{
	conn->flags &= ~(uint32_t)SPY_CONN_DUP_CLOSED;
	if (!(conn->flags & SPY_CONN_FORKED))
		return;
	conn->flags &= ~(uint32_t)SPY_CONN_FORKED;
	/* From here on its time is this process's. */
	conn->states_seen &= 1u << SPY_STATE_ESTABLISHED;
	conn->since_ns = now_ns;
	spy_ledger_move(&core->ledger, conn, (enum spy_state)conn->state, now_ns);
	if (conn->flags & (SPY_CONN_ACCEPTED | SPY_CONN_CONNECTED))
		count_connection(core, conn);
}

/* What the event says about the record, before its state moves. */
void spy_note(struct spy_core *core, const struct spy_event *ev, struct spy_conn *conn)
{
	if (ev->local.family)
		conn->local = ev->local;
	if (ev->peer.family)
		conn->peer = ev->peer;
	if (spy_is_use(ev))
		note_used(core, conn, ev->now_ns);
	switch (ev->op) {
	case SPY_OP_OPEN:
		conn->stacks[SPY_STACK_CREATED] = ev->stack;
		conn->forks = core->forks;
		conn->made_tid = ev->tid;
		break;
	case SPY_OP_ACCEPT:
		if (ev->ret < 0) {
			note_failed_accept(core, ev, conn);
			break;
		}
		conn->forks = core->forks;
		conn->made_tid = ev->tid;
		conn->stacks[SPY_STACK_CREATED] = ev->stack;
		conn->flags |= SPY_CONN_ACCEPTED;
		count_connection(core, conn);
		break;
	case SPY_OP_BIND:
		note_bind(ev, conn);
		break;
	case SPY_OP_LISTEN:
		note_listen(ev, conn);
		break;
	case SPY_OP_CONNECT:
		note_connect(core, ev, conn);
		break;
	case SPY_OP_CONFIGURE:
		note_configure(ev, conn);
		break;
	case SPY_OP_READ:
		note_read(ev, conn);
		break;
	case SPY_OP_WRITE:
		note_write(ev, conn);
		break;
	case SPY_OP_SHUTDOWN:
		note_shutdown(ev, conn);
		break;
	case SPY_OP_CLOSE:
		note_close(ev, conn);
		break;
	default:
		break;
	}
}
