/*
 * Settling: from a call to its event, from the event to the core, from the core to the log; contracts
 * in settle.h.
 */
#include "settle.h"

#include <errno.h>
#include <sys/socket.h>

#include "../observe/stack.h"
#include "stack_room.h"
#include "sweep.h"

void spy_event_of(const struct spy_call *call, long rc, int err, struct spy_event *ev)
{
	spy_event_of_at(call, rc, err, spy_clock_now(), ev);
}

void spy_event_of_at(const struct spy_call *call, long rc, int err, uint64_t now_ns, struct spy_event *ev)
{
	spy_event_at(ev, call->id, call->op, call->fd, now_ns);
	ev->ret = rc;
	ev->err = rc < 0 ? err : 0;
	for (unsigned int i = 0; i < SPY_CALL_ARGS; i++)
		ev->arg[i] = call->arg[i];
	ev->target = call->target;
	ev->peer = call->peer;
	ev->duration_ns = call->began_ns ? ev->now_ns - call->began_ns : 0;
	ev->observed_eof = call->observed_eof;
	ev->caller = call->caller;
	/* Of the calls that read, those with flags have them second; recvmsg() has nothing else. */
	if (call->op == SPY_OP_READ && call->id == SPY_CALL_recvmsg)
		ev->peek = call->arg[0] & MSG_PEEK;
	else if (call->op == SPY_OP_READ && call->id != SPY_CALL_splice && call->arg[1] != SPY_UNKNOWN)
		ev->peek = call->arg[1] & MSG_PEEK;
}

void spy_settled_init(struct spy_settled *settled)
{
	settled->has_line = false;
	settled->has_after = false;
	settled->out.count = 0;
}

bool spy_is_same(const struct spy_call *call)
{
	return call->conn && call->conn->id == call->conn_id;
}

bool spy_is_gone(int rc)
{
	return rc == -EBADF || rc == -ENOTSOCK || rc == -EOPNOTSUPP || rc == -ENOPROTOOPT || rc == SPY_LOOK_ANOTHER;
}

/*
 * A FIN on loopback may be answered before the call that sent it returns, and the kernel has
 * forgotten the connection: that it went through LAST_ACK is known from the state diagram (RFC
 * 9293, 3.3.2). True where so; ev's state is then to be worked out, and CLOSED follows.
 */
static bool passed_last_ack(const struct spy_conn *conn, struct spy_event *ev)
{
	bool sent_fin = false;

	if (ev->op == SPY_OP_CLOSE)
		sent_fin = ev->last_descriptor && ev->unread_bytes <= 0 && !(conn->flags & SPY_CONN_LINGER_0);
	else if (ev->op == SPY_OP_SHUTDOWN)
		sent_fin = ev->ret == 0 && ev->arg[0] != SHUT_RD;
	if (!sent_fin || conn->state != SPY_STATE_CLOSE_WAIT || ev->state != SPY_STATE_CLOSED)
		return false;
	ev->state = SPY_STATE_UNKNOWN;
	return true;
}

void spy_observe(struct spy_conn *conn, struct spy_event *ev, const struct spy_frames *frames,
		 struct spy_settled *settled)
{
	bool passed = !ev->was_closed && !ev->before_call && passed_last_ack(conn, ev);

	ev->stack = spy_stacks_intern(&spy_core.stacks, frames->ip, frames->count);
	spy_core_observe(&spy_core, ev, conn, &settled->out);
	if (passed) {
		spy_event_init(&settled->after, ev->call, SPY_OP_TICK, conn->fd);
		settled->after.state = SPY_STATE_CLOSED;
		spy_core_observe(&spy_core, &settled->after, conn, &settled->out);
		settled->has_after = true;
	}
	settled->line = spy_line_conn(conn);
	settled->has_line = !ev->before_call;
}

void spy_observe_look(struct spy_conn *conn, struct spy_event *ev, struct spy_settled *settled)
{
	spy_core_observe(&spy_core, ev, conn, &settled->out);
	settled->line = spy_line_conn(conn);
	settled->has_line = ev->state != ev->state_before;
}

void spy_report_settled(const struct spy_event *ev, const struct spy_settled *settled)
{
	/* The closes know themselves whether they go on with a loop. */
	if (ev->op != SPY_OP_CLOSE && ev->op != SPY_OP_TICK)
		spy_sweep_release_own();
	if (settled->has_line)
		spy_report_event(ev, settled->has_after ? &settled->after : NULL, &settled->line);
	spy_report_findings(&settled->out);
}
