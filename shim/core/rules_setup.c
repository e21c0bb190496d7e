/*
 * Rules about how sockets are set up: the address options, bind() and connect().
 */
#include "predicates.h"

#include <errno.h>

/* bind() was refused: who holds the port decides what is said and what helps. */
static void tell_holders(const struct spy_port_holders *holders, struct spy_finding *finding)
{
	spy_finding_add(finding, "time_wait", holders->time_wait);
	spy_finding_add(finding, "time_wait_age_ms", holders->time_wait_age_ms);
	spy_finding_add(finding, "connections", holders->connections);
	spy_finding_add(finding, "listeners", holders->listeners);
	if (holders->listeners) {
		spy_finding_add(finding, "listener_pid", holders->listener.pid);
		finding->cause = "listener";
		finding->cause_text = "a listener holds the port";
		finding->message = "bind() to {local} failed with EADDRINUSE: a socket in LISTEN holds the port";
		finding->remedy =
			"stop the other server, or use another port; SO_REUSEADDR does not help against a listener";
		if (holders->listener.pid) {
			spy_finding_add_holder_name(finding, holders->listener.name);
			finding->cause_text = "pid {listener_pid} ({holder_name}) listens on the port";
			finding->message = "bind() to {local} failed with EADDRINUSE: pid {listener_pid} "
					   "({holder_name}) listens on it";
		}
	} else if (holders->time_wait) {
		finding->cause = "time-wait";
		finding->cause_text = "{time_wait} connection(s) of the port in TIME_WAIT, the oldest for "
				      "{time_wait_age_ms} of 60000 ms";
		finding->message = "bind() to {local} failed with EADDRINUSE: {time_wait} connection(s) in TIME_WAIT "
				   "hold the port, the oldest for {time_wait_age_ms} ms";
	} else if (holders->connections) {
		finding->cause = "connections";
		finding->cause_text = "{connections} connection(s) of the port are still open";
		finding->message =
			"bind() to {local} failed with EADDRINUSE: {connections} connection(s) still use the port";
	} else {
		finding->message = "bind() to {local} failed with EADDRINUSE; who holds the port could not be found";
	}
}

bool spy_rule_missing_reuseaddr(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				struct spy_finding *finding)
{
	const uint32_t told_otherwise = SPY_CONN_REUSEADDR | SPY_CONN_REUSEPORT | SPY_CONN_REUSE_LATE;

	(void)core;
	if (ev->was_closed)
		return false;
	if (ev->op == SPY_OP_BIND) {
		if (ev->err != EADDRINUSE || ev->target.port == 0)
			return false;
		finding->severity = SPY_ERROR;
		finding->local = ev->target;
		finding->fd = ev->fd;
		tell_holders(&ev->holders, finding);
		return true;
	}
	if (ev->ret != 0 || !(conn->flags & SPY_CONN_FIXED_PORT))
		return false;
	if (conn->flags & told_otherwise)
		return false; /* Set in time; or one of the two rules that name the closer fault has spoken. */
	finding->stacks[SPY_STORY_CREATED] = conn->stacks[SPY_STACK_CREATED];
	return true;
}

bool spy_rule_reuseaddr_too_late(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				 struct spy_finding *finding)
{
	(void)core;
	(void)finding;
	return !ev->was_closed && (conn->flags & SPY_CONN_REUSE_LATE);
}

bool spy_rule_reuseport_instead(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				struct spy_finding *finding)
{
	(void)core;
	(void)finding;
	if (ev->was_closed || ev->ret != 0)
		return false;
	return (conn->flags & SPY_CONN_REUSEPORT) && !(conn->flags & (SPY_CONN_REUSEADDR | SPY_CONN_REUSE_LATE)) &&
	       !(ev->options & SPY_OPT_REUSEADDR);
}

bool spy_rule_connect_retry(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			    struct spy_finding *finding)
{
	(void)core;
	(void)finding;
	return !ev->was_closed && (conn->flags & SPY_CONN_CONNECT_RETRIED);
}
