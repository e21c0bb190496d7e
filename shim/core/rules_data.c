/*
 * Rules about ends of file, half-closes and what is sent after them.
 */
#include "predicates.h"

#include <errno.h>

bool spy_rule_send_after_shutdown(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				  struct spy_finding *finding)
{
	(void)core;
	/* Asked before the real call: that one may end the program with SIGPIPE. */
	if (!ev->before_call || !(conn->flags & SPY_CONN_SHUT_WR))
		return false;
	finding->stacks[SPY_STORY_CLOSED] = conn->stacks[SPY_STACK_SHUT];
	return true;
}

bool spy_rule_recv_after_shutdown(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				  struct spy_finding *finding)
{
	/* After shutdown(SHUT_RDWR) an event loop reads the end of file once to clean up, which is right. */
	unsigned int allowed = conn->flags & SPY_CONN_SHUT_BOTH_AT_ONCE ? 1 : 0;

	(void)core;
	if (ev->was_closed || ev->before_call || conn->reads_after_shut <= allowed)
		return false;
	finding->stacks[SPY_STORY_CLOSED] = conn->stacks[SPY_STACK_SHUT];
	return true;
}

bool spy_rule_send_to_closed_peer(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				  struct spy_finding *finding)
{
	bool reset_told = ev->err == ECONNRESET || (ev->err == EPIPE && !(conn->flags & SPY_CONN_SHUT_WR));
	bool reset_seen = ev->state == SPY_STATE_CLOSED && ev->state_before == SPY_STATE_CLOSE_WAIT;

	(void)core;
	if (ev->was_closed || ev->before_call || !(conn->flags & SPY_CONN_SENT_AFTER_FIN))
		return false;
	if (ev->op == SPY_OP_CLOSE || (!reset_told && !reset_seen))
		return false;
	finding->stacks[SPY_STORY_EOF] = conn->stacks[SPY_STACK_EOF];
	/* The fault is the send, not the call by which the RST was noticed. */
	if (conn->stacks[SPY_STACK_SENT])
		finding->stacks[SPY_STORY_HERE] = conn->stacks[SPY_STACK_SENT];
	return true;
}

/* The cause, its sentence and its remedy: whether the end of file was read decides what to do. */
static void tell_close_wait_cause(const struct spy_conn *conn, struct spy_finding *finding)
{
	if (conn->eof_reads >= 2) {
		finding->cause = "eof-ignored";
		finding->cause_text = "{call}() returned 0 {eof_reads} times, and descriptor {fd} was never closed";
	} else if (conn->flags & SPY_CONN_EOF) {
		finding->cause = "eof-read";
		finding->cause_text = "{call}() returned 0 and descriptor {fd} was never closed";
	} else {
		finding->cause = "eof-unread";
		finding->cause_text = "the end of file was never read from descriptor {fd}";
		finding->remedy =
			"keep reading, or poll descriptor {fd} for POLLRDHUP, and close it at the end of file";
		if (conn->flags & SPY_CONN_STDIO)
			finding->cause_text =
				"no read on descriptor {fd} was seen to return 0; a FILE has it, and libc reads for it";
	}
}

/* This process has closed its copy, and another one keeps the connection from ending. */
static void tell_holder(const struct spy_event *ev, const struct spy_conn *conn, struct spy_finding *finding)
{
	finding->cause = "held-elsewhere";
	finding->cause_text =
		"close() here ended nothing: another process holds the connection, and which one could not be found";
	finding->remedy = "close every copy; make descriptors close-on-exec (SOCK_CLOEXEC) and close them in children";
	finding->stacks[SPY_STORY_CLOSED] = conn->stacks[SPY_STACK_CLOSED];
	if (ev->holder.pid)
		finding->cause_text = "close() here ended nothing: pid {holder_pid} ({holder_name}) holds it as its "
				      "descriptor {holder_fd}";
	spy_finding_add_holder(finding, &ev->holder);
}

bool spy_rule_close_wait_leak(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			      struct spy_finding *finding)
{
	bool held = conn->flags & SPY_CONN_HELD;

	if (conn->state != SPY_STATE_CLOSE_WAIT || finding->age_ns <= core->settings.close_wait_ns)
		return false;
	/* A connection that this side opened and does not use is a pool's: it learns at its next use. */
	if (!(conn->flags & (SPY_CONN_ACCEPTED | SPY_CONN_EOF)))
		return false;
	/* Served by another process, which answers for it; not so once this is another program than the one it was for. */
	if ((conn->flags & SPY_CONN_FORKED) && !(conn->flags & SPY_CONN_INHERITED))
		return false;
	if (conn->forks != core->forks && conn->used_forks != core->forks && !(ev->holder_asked && !ev->holder.pid))
		return false;
	if (held && ev->now_ns - conn->closed_ns < core->settings.close_wait_ns)
		return false;
	spy_finding_add(finding, "close_wait_ms", (int64_t)(finding->age_ns / SPY_NS_PER_MS));
	spy_finding_add(finding, "eof_reads", conn->eof_reads);
	spy_finding_add(finding, "descriptors", conn->descriptors);
	finding->stacks[SPY_STORY_EOF] = conn->stacks[SPY_STACK_EOF];
	/* Where it was used after the end of file, if that was anywhere else. */
	finding->stacks[SPY_STORY_HERE] = 0;
	if (conn->stacks[SPY_STACK_USED] != conn->stacks[SPY_STACK_EOF])
		finding->stacks[SPY_STORY_HERE] = conn->stacks[SPY_STACK_USED];
	finding->place = conn->flags & SPY_CONN_EOF ? SPY_STORY_EOF : SPY_STORY_CREATED;
	finding->call = spy_calls[conn->flags & SPY_CONN_EOF ? conn->eof_call : conn->last_call].name;
	tell_close_wait_cause(conn, finding);
	if (held)
		tell_holder(ev, conn, finding);
	return true;
}

bool spy_rule_idle_close_wait(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			      struct spy_finding *finding)
{
	if (conn->state != SPY_STATE_CLOSE_WAIT || finding->age_ns <= core->settings.close_wait_ns)
		return false;
	if (!(conn->flags & SPY_CONN_CONNECTED) || (conn->flags & (SPY_CONN_EOF | SPY_CONN_FORKED)) ||
	    !conn->descriptors)
		return false;
	if (conn->flags & SPY_CONN_USED_SINCE_FIN)
		return false;
	(void)ev;
	finding->stacks[SPY_STORY_HERE] = 0;
	finding->place = SPY_STORY_CREATED;
	spy_finding_add(finding, "close_wait_ms", (int64_t)(finding->age_ns / SPY_NS_PER_MS));
	return true;
}

bool spy_rule_sigpipe(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
		      struct spy_finding *finding)
{
	(void)core;
	if (!ev->raised_sigpipe)
		return false;
	spy_finding_add(finding, "eof_reads", conn->eof_reads);
	finding->stacks[SPY_STORY_EOF] = conn->stacks[SPY_STACK_EOF];
	return true;
}

bool spy_rule_eof_ignored(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			  struct spy_finding *finding)
{
	(void)core;
	/* The second read makes sure, and libpq does so by design; the third one ignores. */
	if (ev->was_closed || !ev->observed_eof || ev->peek || conn->eof_reads < 3)
		return false;
	spy_finding_add(finding, "eof_reads", conn->eof_reads);
	finding->stacks[SPY_STORY_EOF] = conn->stacks[SPY_STACK_EOF];
	return true;
}
