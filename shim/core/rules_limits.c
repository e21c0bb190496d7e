/*
 * Rules about what runs out, and about who pays for it: descriptors, ports, TIME_WAIT.
 */
#include "predicates.h"

#include <errno.h>

#define SPIN_ACCEPTS 10 /* failures in a row before it is a spin: a retry or two are in order */

/* How many descriptors of this process are TCP sockets, by state. */
static void take_census(const struct spy_core *core, struct spy_finding *finding)
{
	uint32_t by_state[SPY_STATE_COUNT] = {0}, sockets = 0;

	for (uint32_t i = 0; i < core->table.used; i++) {
		const struct spy_conn *conn = spy_table_at(&core->table, i);

		if (!conn || !conn->descriptors)
			continue;
		sockets += conn->descriptors;
		by_state[conn->state] += conn->descriptors;
	}
	spy_finding_add(finding, "sockets", sockets);
	spy_finding_add(finding, "established", by_state[SPY_STATE_ESTABLISHED]);
	spy_finding_add(finding, "close_wait", by_state[SPY_STATE_CLOSE_WAIT]);
	spy_finding_add(finding, "listening", by_state[SPY_STATE_LISTEN]);
	spy_finding_add(finding, "closed", by_state[SPY_STATE_CLOSED]);
	spy_finding_add(finding, "fin_wait_2", by_state[SPY_STATE_FIN_WAIT_2]);
}

#define PLACES 64 /* of creation; what further ones made is not counted */

/* The place that made most of what is open, among the first ones seen. */
static void tell_biggest_place(const struct spy_core *core, struct spy_finding *finding)
{
	struct {
		uint32_t stack, count;
	} places[PLACES], best = {0, 0};
	unsigned int used = 0, at;

	for (uint32_t i = 0; i < core->table.used; i++) {
		const struct spy_conn *conn = spy_table_at(&core->table, i);
		uint32_t stack = conn && conn->descriptors ? conn->stacks[SPY_STACK_CREATED] : 0;

		if (!stack)
			continue;
		for (at = 0; at < used && places[at].stack != stack; at++)
			;
		if (at == PLACES)
			continue;
		if (at == used) {
			places[used].stack = stack;
			places[used++].count = 0;
		}
		if (++places[at].count > best.count) {
			best.count = places[at].count;
			best.stack = stack;
		}
	}
	finding->stacks[SPY_STORY_CREATED] = best.stack;
	spy_finding_add(finding, "created_there", best.count);
}

bool spy_rule_descriptors_exhausted(const struct spy_core *core, const struct spy_event *ev,
				    const struct spy_conn *conn, struct spy_finding *finding)
{
	(void)conn;
	if (ev->was_closed || (ev->err != EMFILE && ev->err != ENFILE))
		return false;
	finding->fd = ev->fd;
	/* A census costs: at a place that is known, the count is enough. */
	if (spy_places_has(&core->places, SPY_RULE_descriptors_exhausted, ev->stack))
		return true;
	take_census(core, finding);
	tell_biggest_place(core, finding);
	return true;
}

bool spy_rule_accept_spin(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			  struct spy_finding *finding)
{
	(void)core;
	if (ev->was_closed || ev->ret >= 0 || conn->failed_accepts < SPIN_ACCEPTS)
		return false;
	spy_finding_add(finding, "failed_accepts", conn->failed_accepts);
	return true;
}

bool spy_rule_ports_exhausted(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			      struct spy_finding *finding)
{
	(void)core;
	(void)conn;
	if (ev->was_closed || ev->err != EADDRNOTAVAIL)
		return false;
	/* Without a single connection it is not the ports: an address that is not ours, or a family that is off. */
	if (!ev->holders.time_wait && !ev->holders.connections)
		return false;
	finding->peer = ev->target;
	spy_finding_add(finding, "time_wait", ev->holders.time_wait);
	spy_finding_add(finding, "connections", ev->holders.connections);
	return true;
}

bool spy_rule_inherited_by_exec(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				struct spy_finding *finding)
{
	(void)core;
	/* A program that is given its connection on 0, 1 or 2 shall have it (inetd). */
	if (!ev->no_cloexec || ev->fd <= 2)
		return false;
	if (conn->state == SPY_STATE_CLOSED && !(conn->flags & SPY_CONN_BOUND))
		return false;
	finding->fd = ev->fd;
	spy_finding_add(finding, "close_on_exec", 0);
	return true;
}

bool spy_rule_server_closes_first(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
				  struct spy_finding *finding)
{
	(void)core;
	if (ev->was_closed || !(conn->flags & SPY_CONN_ACCEPTED) || (conn->flags & SPY_CONN_FORKED))
		return false;
	/* The socket of an active close ends in TIME_WAIT; who closed second never sees it. */
	if (conn->state != SPY_STATE_TIME_WAIT)
		return false;
	finding->stacks[SPY_STORY_HERE] = spy_conn_end_stack(conn);
	spy_finding_add(finding, "time_wait_ms", SPY_TIME_WAIT_MS);
	return true;
}

bool spy_rule_fin_wait_2_stall(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			       struct spy_finding *finding)
{
	if (conn->state != SPY_STATE_FIN_WAIT_2 || finding->age_ns <= core->settings.fin_wait_ns)
		return false;
	if (conn->flags & SPY_CONN_FORKED)
		return false; /* The parent's to tell. */
	(void)ev;
	finding->stacks[SPY_STORY_HERE] = spy_conn_end_stack(conn);
	spy_finding_add(finding, "fin_wait_2_ms", (int64_t)(finding->age_ns / SPY_NS_PER_MS));
	return true;
}
