/*
 * Which connections belong to a finding beside the one that the log names.
 *
 * Of a rule that a process has at one place only, the count is known: those that were longest in the
 * state that the rule is about are the ones. So it is for sockets left open when there are as many
 * of that kind as were counted. In all other cases nothing is said.
 */
#include "members.h"

#include <stdlib.h>
#include <string.h>

#include "../model/pool.h"

struct candidate {
	uint32_t conn;
	uint64_t dwell_ns;
};

static void add(struct members *members, uint32_t conn, uint32_t group, int64_t ts_ns)
{
	members->list = pool_grow(members->list, members->count, sizeof(*members->list));
	members->list[members->count++] = (struct member){.conn = conn, .group = group, .ts_ns = ts_ns};
}

static int by_group(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	if (left->group != right->group)
		return left->group < right->group ? -1 : 1;
	if ((left->ts_ns == 0) != (right->ts_ns == 0))
		return left->ts_ns == 0 ? 1 : -1;
	return left->conn < right->conn ? -1 : left->conn > right->conn;
}

static int longest_first(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->dwell_ns != right->dwell_ns)
		return left->dwell_ns < right->dwell_ns ? 1 : -1;
	return left->conn < right->conn ? -1 : left->conn > right->conn;
}

static uint64_t dwell(const struct model *model, const struct model_conn *conn, int state)
{
	uint64_t longest = 0;

	for (uint32_t i = 0; i < conn->span_count; i++) {
		const struct model_span *span = &model->spans[conn->first_span + i];
		uint64_t ns = (uint64_t)(span->to_ns - span->from_ns);

		if (span->state == state && ns > longest)
			longest = ns;
	}
	return longest;
}

static bool read_to_the_end(const struct model *model, const struct model_conn *conn)
{
	for (uint32_t i = 0; i < conn->event_count; i++)
		if (model->events[conn->first_event + i].observed_eof)
			return true;
	return false;
}

/* The state that a rule is about; SPY_STATE_UNKNOWN: it is about something else. */
static enum spy_state state_of(const char *rule)
{
	if (strcmp(rule, "close-wait-leak") == 0 || strcmp(rule, "idle-close-wait") == 0)
		return SPY_STATE_CLOSE_WAIT;
	return strcmp(rule, "fin-wait-2-stall") == 0 ? SPY_STATE_FIN_WAIT_2 : SPY_STATE_UNKNOWN;
}

/* How long it was in the state, where the rule may have fired for it; 0: it cannot have. */
static uint64_t candidate_dwell(const struct model *model, const char *rule, const struct model_conn *conn)
{
	enum spy_state state = state_of(rule);

	if (strcmp(rule, "idle-close-wait") == 0 && (conn->accepted || read_to_the_end(model, conn)))
		return 0;
	if (strcmp(rule, "close-wait-leak") == 0 && !conn->accepted && !read_to_the_end(model, conn))
		return 0;
	return dwell(model, conn, (int)state);
}

static bool is_only_place(const struct model *model, const struct model_tally *tally)
{
	for (uint32_t i = 0; i < model->tallies_count; i++)
		if (&model->tallies[i] != tally && model->tallies[i].process == tally->process &&
		    model->tallies[i].rule == tally->rule)
			return false;
	return true;
}

/* The connection that the finding of this process at this place names. */
static const struct model_finding *named(const struct model *model, const struct model_tally *tally)
{
	for (uint32_t i = model->groups[tally->group].first_finding; i != MODEL_NONE;
	     i = model->findings[i].next_of_group)
		if (model->findings[i].process == tally->process && model->findings[i].conn != MODEL_NONE)
			return &model->findings[i];
	return NULL;
}

static bool is_open(const struct model *model, const struct model_conn *conn)
{
	return conn->span_count > 0 && model->spans[conn->first_span + conn->span_count - 1].open;
}

static void add_others(struct members *members, const struct model *model, const struct model_tally *tally)
{
	const char *rule = model_text(model, tally->rule);
	const struct model_finding *first = named(model, tally);
	bool open = strcmp(rule, "open-at-exit") == 0;
	struct candidate *list;
	size_t count = 0;

	if (!first || tally->count < 2 ||
	    (!open && (state_of(rule) == SPY_STATE_UNKNOWN || !is_only_place(model, tally))))
		return;
	list = pool_zeros(model->conns_count * sizeof(*list));
	for (uint32_t i = 0; i < model->conns_count; i++) {
		const struct model_conn *conn = &model->conns[i], *like = &model->conns[first->conn];
		uint64_t ns = 0;

		if (conn->process != tally->process || i == first->conn)
			continue;
		if (!open)
			ns = candidate_dwell(model, rule, conn);
		else if (is_open(model, conn) && conn->accepted == like->accepted && conn->listener == like->listener)
			ns = 1;
		if (ns)
			list[count++] = (struct candidate){.conn = i, .dwell_ns = ns};
	}
	if (!open && count > tally->count - 1) {
		qsort(list, count, sizeof(*list), longest_first);
		count = tally->count - 1;
	}
	for (size_t i = 0; i < count && count == tally->count - 1; i++)
		add(members, list[i].conn, tally->group, 0);
	free(list);
}

struct members members_find(const struct model *model)
{
	struct members members = {0};

	for (uint32_t i = 0; i < model->findings_count; i++)
		if (model->findings[i].conn != MODEL_NONE)
			add(&members, model->findings[i].conn, model->findings[i].group, model->findings[i].ts_ns);
	for (uint32_t i = 0; i < model->tallies_count; i++)
		add_others(&members, model, &model->tallies[i]);
	if (members.count)
		qsort(members.list, members.count, sizeof(*members.list), by_group);
	return members;
}
