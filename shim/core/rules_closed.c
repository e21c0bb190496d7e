/*
 * Rules about descriptors that are no longer there, and about how connections are closed.
 */
#include "predicates.h"

/* Every use of a closed descriptor tells the same story: created, closed, used here. */
static bool used_after_close(const struct spy_event *ev, const struct spy_conn *conn, struct spy_finding *finding)
{
	if (!ev->was_closed)
		return false;
	finding->fd = ev->fd;
	finding->stacks[SPY_STORY_CLOSED] = conn->stacks[SPY_STACK_CLOSED];
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
	return used_after_close(ev, conn, finding);
}

bool spy_rule_close_with_unread_data(const struct spy_core *core, const struct spy_event *ev,
				     const struct spy_conn *conn, struct spy_finding *finding)
{
	(void)core;
	if (ev->was_closed || ev->unread_bytes <= 0 || !ev->last_descriptor)
		return false;	/* A dup keeps the connection, and its data, alive. */
	if (conn->flags & (SPY_CONN_LINGER_0 | SPY_CONN_LISTENER))
		return false;	/* The reset is asked for; a listener has no data. */
	if (ev->state_before == SPY_STATE_CLOSED || ev->state == ev->state_before)
		return false;	/* Over already; or another process holds the connection, and nothing ended. */
	spy_finding_add(finding, "unread_bytes", ev->unread_bytes);
	return true;
}

bool spy_rule_shutdown_without_close(const struct spy_core *core, const struct spy_event *ev,
				     const struct spy_conn *conn, struct spy_finding *finding)
{
	const uint32_t both = SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR;

	if ((conn->flags & both) != both || (conn->flags & SPY_CONN_FORKED))
		return false;
	if (ev->op == SPY_OP_TICK && ev->now_ns - conn->shut_ns < core->settings.close_wait_ns)
		return false;
	finding->age_ns = ev->now_ns - conn->shut_ns;
	finding->stacks[SPY_STORY_CLOSED] = conn->stacks[SPY_STACK_SHUT];
	finding->stacks[SPY_STORY_HERE] = 0;
	finding->place = SPY_STORY_CLOSED;
	spy_finding_add(finding, "since_shutdown_ms", (int64_t)(finding->age_ns / 1000000u));
	return true;
}

bool spy_rule_open_at_exit(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			   struct spy_finding *finding)
{
	(void)core;
	(void)ev;
	if (conn->flags & SPY_CONN_FORKED)
		return false;	/* The parent's; this process only had a copy. */
	finding->stacks[SPY_STORY_HERE] = 0;
	finding->place = SPY_STORY_CREATED;
	return true;
}
