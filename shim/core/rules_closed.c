/*
 * Rules about descriptors that are no longer there, and about how connections are closed.
 */
#include "predicates.h"

/* True where the thread that closed this connection had read or written on the one that had its number before. */
static bool used_former(const struct spy_conn *conn)
{
	return conn->closed_tid == conn->former_user || conn->closed_tid == conn->former_writer;
}

/*
 * True where the thread that closed this connection had nothing to do with it, but had closed or
 * used the one that had its number before, and another thread was at work on it.
 */
static bool closed_by_stranger(const struct spy_conn *conn)
{
	bool knew_former = conn->closed_tid == conn->former_tid || used_former(conn);

	return conn->former_tid && knew_former && !(conn->flags & SPY_CONN_CLOSED_BY_USER) && conn->last_tid &&
	       conn->last_tid != conn->closed_tid;
}

/* ... and the thread that finds it closed is another one. */
static bool was_stolen(const struct spy_event *ev, const struct spy_conn *conn)
{
	return ev->was_closed && ev->tid != conn->closed_tid && closed_by_stranger(conn);
}

/* Every use of a closed descriptor tells the same story: created, closed, used here. */
static bool used_after_close(const struct spy_event *ev, const struct spy_conn *conn, struct spy_finding *finding)
{
	if (!ev->was_closed || was_stolen(ev, conn))
		return false; /* Who uses what another has closed by mistake is the victim: stale-close. */
	finding->fd = ev->fd;
	finding->stacks[SPY_STORY_CLOSED] = conn->stacks[SPY_STACK_CLOSED];
	if (ev->now_ns >= conn->closed_ns)
		spy_finding_add(finding, "closed_ms_ago", (int64_t)((ev->now_ns - conn->closed_ns) / SPY_NS_PER_MS));
	spy_finding_add(finding, "closed_by_tid", conn->closed_tid);
	return true;
}

bool spy_rule_recv_after_close(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			       struct spy_finding *finding)
{
	(void)core;
	return used_after_close(ev, conn, finding);
}

bool spy_rule_send_after_close(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			       struct spy_finding *finding)
{
	(void)core;
	return used_after_close(ev, conn, finding);
}

bool spy_rule_use_after_close(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			      struct spy_finding *finding)
{
	(void)core;
	return used_after_close(ev, conn, finding);
}

bool spy_rule_double_close(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			   struct spy_finding *finding)
{
	(void)core;
	/* A child that closes what its parent had closed before fork() tidies up, and does not know. */
	return !(conn->flags & (SPY_CONN_CLOSE_EINTR | SPY_CONN_CLOSED_BY_PARENT)) &&
	       used_after_close(ev, conn, finding);
}

bool spy_rule_close_retry(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			  struct spy_finding *finding)
{
	(void)core;
	return (conn->flags & SPY_CONN_CLOSE_EINTR) && used_after_close(ev, conn, finding);
}

bool spy_rule_stale_close(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			  struct spy_finding *finding)
{
	/*
	 * At once only where the connection was in the middle of its life, the closer had used the former one, and the
	 * thread that used this one is still there to miss it.
	 */
	const uint32_t over = SPY_CONN_EOF | SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR | SPY_CONN_LISTENER;
	bool by_user = (conn->flags & SPY_CONN_FORMER_BY_USER) || used_former(conn);
	bool alive = !(conn->flags & over) && !ev->user_is_gone;
	bool at_once = ev->op == SPY_OP_CLOSE && !ev->was_closed && alive && by_user && closed_by_stranger(conn);

	(void)core;
	if (!at_once && !was_stolen(ev, conn))
		return false;
	finding->fd = ev->fd;
	finding->stacks[SPY_STORY_CLOSED] = conn->former_stack;
	finding->stacks[SPY_STORY_HERE] = conn->stacks[SPY_STACK_CLOSED];
	spy_finding_add(finding, "owner_tid", conn->last_tid);
	spy_finding_add(finding, "closer_tid", conn->closed_tid);
	return true;
}

bool spy_rule_close_while_in_use(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				 struct spy_finding *finding)
{
	const uint32_t both = SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR;

	(void)core;
	/* dup2() keeps the number taken, and who does that wakes the other thread with a signal, as Java does. */
	if (ev->call == SPY_CALL_dup2 || ev->call == SPY_CALL_dup3)
		return false;
	/* After shutdown() of both directions the other thread is on its way out of the call. */
	if (ev->was_closed || !ev->in_use_tid || (conn->flags & both) == both)
		return false;
	/* Later, where the other thread waits in poll() or select(): what those wait for, only the search for a holder says. */
	if (ev->op == SPY_OP_TICK) {
		finding->call = "close";
		finding->stacks[SPY_STORY_HERE] = conn->stacks[SPY_STACK_CLOSED];
	}
	spy_finding_add(finding, "in_use_tid", ev->in_use_tid);
	return true;
}

bool spy_rule_abortive_close(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			     struct spy_finding *finding)
{
	bool connected = ev->state_before != SPY_STATE_CLOSED && ev->state_before != SPY_STATE_LISTEN;

	(void)core;
	/* Where the state stays as it was, another process holds the connection and nothing was reset. */
	if (ev->was_closed || !ev->last_descriptor || !connected || ev->state == ev->state_before)
		return false;
	if (!(conn->flags & SPY_CONN_LINGER_0))
		return false;
	spy_finding_add(finding, "linger_s", 0);
	return true;
}

bool spy_rule_close_without_fin(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				struct spy_finding *finding)
{
	bool held_here = conn->descriptors && (conn->flags & SPY_CONN_DUP_CLOSED);
	bool held_there = (conn->flags & SPY_CONN_HELD) && !spy_state_is_over(conn->state);

	if ((!held_here && !held_there) || (conn->flags & SPY_CONN_LISTENER))
		return false;
	/* A child that has not used it since fork(), or a parent that has not: the other one serves it. */
	if ((conn->flags & SPY_CONN_FORKED) || (conn->forks != core->forks && conn->used_forks != core->forks))
		return false;
	if (ev->now_ns - conn->closed_ns < core->settings.close_wait_ns)
		return false;
	/* Another descriptor that nobody calls on may be one that waits: told only where an end is due. */
	if (held_here &&
	    ((conn->flags & SPY_CONN_STDIO) || (conn->state != SPY_STATE_CLOSE_WAIT && ev->op != SPY_OP_EXIT)))
		return false;
	if (held_here && spy_state_is_over(conn->state))
		return false;
	if (held_there && (!ev->holder_asked || ev->in_use_tid))
		return false;
	finding->stacks[SPY_STORY_HERE] = conn->stacks[SPY_STACK_CLOSED];
	finding->call = "close";
	spy_finding_add_holder(finding, &ev->holder);
	if (held_here) {
		finding->cause = "dup";
		finding->cause_text = "descriptor {fd} refers to it, too, and was not used since";
	} else if (ev->holder.pid) {
		finding->cause = "held-elsewhere";
		finding->cause_text = "pid {holder_pid} ({holder_name}) holds it as its descriptor {holder_fd}";
	} else {
		finding->cause = "held-elsewhere";
		finding->cause_text = "another process holds it; which one could not be found";
	}
	return true;
}

bool spy_rule_close_with_unread_data(const struct spy_core *core, const struct spy_event *ev,
				     const struct spy_conn *conn, struct spy_finding *finding)
{
	if (ev->was_closed || ev->unread_bytes <= 0 || ev->unread_is_alert || !ev->last_descriptor)
		return false; /* A dup keeps the connection, and its data, alive. */
	if (conn->flags & (SPY_CONN_LINGER_0 | SPY_CONN_LISTENER))
		return false; /* The reset is asked for; a listener has no data. */
	if (ev->state_before == SPY_STATE_CLOSED || ev->state == ev->state_before)
		return false; /* Over already; or another process holds the connection, and nothing ended. */
	if (conn->forks != core->forks || (conn->flags & (SPY_CONN_FORKED | SPY_CONN_INHERITED)))
		return false; /* A child or a parent may hold it: what ends now is this copy only. */
	spy_finding_add(finding, "unread_bytes", ev->unread_bytes);
	return true;
}

bool spy_rule_shutdown_without_close(const struct spy_core *core, const struct spy_event *ev,
				     const struct spy_conn *conn, struct spy_finding *finding)
{
	const uint32_t both = SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR;

	if ((conn->flags & both) != both || (conn->flags & SPY_CONN_FORKED) || !conn->descriptors)
		return false;
	/* A listener that is woken by shutdown(), or an attempt that was given up, had no directions to end. */
	if (!(conn->states_seen & (1u << SPY_STATE_ESTABLISHED)))
		return false;
	if (ev->op == SPY_OP_TICK && ev->now_ns - conn->shut_ns < core->settings.close_wait_ns)
		return false;
	finding->age_ns = ev->now_ns - conn->shut_ns;
	finding->stacks[SPY_STORY_CLOSED] = conn->stacks[SPY_STACK_SHUT];
	finding->stacks[SPY_STORY_HERE] = 0;
	finding->place = SPY_STORY_CLOSED;
	spy_finding_add(finding, "since_shutdown_ms", (int64_t)(finding->age_ns / SPY_NS_PER_MS));
	return true;
}

bool spy_rule_open_at_exit(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			   struct spy_finding *finding)
{
	(void)core;
	(void)ev;
	if (conn->flags & SPY_CONN_FORKED)
		return false; /* The parent's; this process only had a copy. */
	finding->stacks[SPY_STORY_HERE] = 0;
	finding->place = SPY_STORY_CREATED;
	return true;
}
