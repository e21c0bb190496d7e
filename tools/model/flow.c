/*
 * The way of each connection through the states: how long it was where, and which arrows of the diagram
 * it took. Lines tell a state when it was looked at; between two looks a change may have been missed.
 */
#include "internal.h"

#include <string.h>

/* Ended: what a socket was before it became anything is the same state, and is told apart by `moved`. */
static bool is_over(const struct model_conn *conn, const struct conn_inside *inside)
{
	return conn->state == SPY_STATE_CLOSED && inside->moved;
}

static void add_time(struct model_wait *wait, uint64_t ns)
{
	wait->connections++;
	wait->total_ns += ns;
	if (ns > wait->max_ns)
		wait->max_ns = ns;
}

static void add_span(struct model *model, uint32_t conn, int64_t to_ns, bool open)
{
	const struct conn_inside *inside = &model->inside->conn_insides[conn];

	if (!model->inside->filter.keep_events || to_ns < inside->since_ns)
		return;
	*MODEL_PUSH(model, spans) = (struct model_span){
		.conn = conn,
		.state = (uint8_t)model->conns[conn].state,
		.inferred = inside->inferred,
		.open = open,
		.from_ns = inside->since_ns,
		.to_ns = to_ns,
	};
}

/* The connection leaves its state for another one. */
static void move(struct model *model, uint32_t index, int state, int64_t at_ns, bool inferred, bool counts)
{
	struct conn_inside *inside = &model->inside->conn_insides[index];
	struct model_conn *conn = &model->conns[index];
	uint64_t ns;

	if (at_ns < inside->since_ns)
		at_ns = inside->since_ns;
	ns = (uint64_t)(at_ns - inside->since_ns);
	if (counts) {
		struct model_transition *arrow = &model->transitions[conn->state][state];

		arrow->count++;
		arrow->total_ns += ns;
		if (ns > arrow->max_ns)
			arrow->max_ns = ns;
		if (spy_state_is_wait((unsigned int)conn->state))
			add_time(&model->inside->processes[conn->process].seen[conn->state], ns);
		if (!is_over(conn, inside))
			add_span(model, index, at_ns, false);
	}
	conn->state = state;
	inside->since_ns = at_ns;
	inside->inferred = inferred;
	inside->moved = true;
}

void model_flow(struct model *model, uint32_t index, const struct item *item, bool counts)
{
	struct model_conn *conn = &model->conns[index];
	const bool call = item->type == ITEM_CALL;
	/* What accept() returns was not there while accept() waited for it. */
	const bool waited = call && strncmp(item->call.name, "accept", 6) == 0;
	int64_t began_ns = item->ts_ns - (int64_t)(waited ? 0 : call ? item->call.duration_ns : item->dwell_ns);
	int64_t moved_ns = item->ts_ns;
	int before = item->state_before == ITEM_NO_STATE ? item->state : item->state_before;

	if (item->state == ITEM_NO_STATE)
		return;
	if (conn->state == ITEM_NO_STATE) {
		conn->state = before;
		conn->first_ns = began_ns;
		model->inside->conn_insides[index].since_ns = began_ns;
	}
	if (conn->state != before)
		move(model, index, before, call ? began_ns : item->ts_ns - (int64_t)item->dwell_ns, false, counts);
	if (before == item->state)
		return;
	/* A change without a call is dated by how long the state before had lasted, not by the look that found it. */
	if (!call && item->dwell_ns) {
		moved_ns = model->inside->conn_insides[index].since_ns + (int64_t)item->dwell_ns;
		if (moved_ns > item->ts_ns)
			moved_ns = item->ts_ns;
	}
	move(model, index, item->state, moved_ns, item->inferred, counts);
}

/* What is left in a state when its log ends is so until the end of what is known of its process. */
void model_flow_end(struct model *model)
{
	for (uint32_t i = 0; i < model->conns_count; i++) {
		const struct model_conn *conn = &model->conns[i];
		const struct conn_inside *inside = &model->inside->conn_insides[i];
		int64_t end_ns = model->processes[conn->process].last_ns;

		if (conn->state == ITEM_NO_STATE || is_over(conn, inside))
			continue;
		if (end_ns < inside->since_ns)
			end_ns = inside->since_ns;
		if (spy_state_is_wait((unsigned int)conn->state))
			add_time(&model->inside->processes[conn->process].seen[conn->state],
				 (uint64_t)(end_ns - inside->since_ns));
		add_span(model, i, end_ns, true);
	}
}
