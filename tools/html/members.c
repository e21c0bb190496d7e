/*
 * Which connections belong to a finding beside the one that the log names.
 *
 * The log tells where each connection was made, read to its end and ended, so that it is known which came
 * by the finding's place. Of those, where the rule is about a state, the ones that were longest in it are
 * meant, as many as the process counted; where it did not live to count, those that were in it as long as
 * the first when that was found. Where the rule is about a call, they are the ones that made a call there,
 * if there are as many as were counted.
 *
 * Logs without places (calls=none, or of an older version) tell enough where the process has the rule at one
 * place only, and of sockets left open where there are as many of that kind as were counted. In all
 * other cases nothing is said.
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

static bool is_at(const struct model *model, uint32_t stack, uint32_t frame)
{
	return stack != MODEL_NONE && model->stacks[stack].frames[0] == frame;
}

static bool has_call_at(const struct model *model, const struct model_conn *conn, uint32_t frame)
{
	for (uint32_t i = 0; i < conn->event_count; i++)
		if (is_at(model, model->events[conn->first_event + i].stack, frame))
			return true;
	return false;
}

/* What is looked for among the connections of a process. */
struct search {
	const struct model_tally *tally;
	const struct model_finding *first;
	const char *rule;
	bool open; /* of those that are left open */
	bool places; /* the log tells where connections were made and ended */
	uint64_t shortest_ns; /* in the rule's state; 0: any time */
};

/* Whether the connection came by the place of the finding, as far as the log tells places. */
static bool came_by(const struct model *model, const struct search *search, const struct model_conn *conn)
{
	if (!search->places)
		return true;
	if (search->first->place == SPY_STORY_HERE)
		return has_call_at(model, conn, search->tally->frame);
	/* One whose end of file was read is charged to that place. */
	if (search->first->place == SPY_STORY_CREATED && !search->open && conn->stacks[SPY_STORY_EOF] != MODEL_NONE)
		return false;
	return is_at(model, conn->stacks[search->first->place], search->tally->frame);
}

/* More than 0: it may be one of them; of those with more it is more certain. */
static uint64_t weight(const struct model *model, const struct search *search, const struct model_conn *conn)
{
	const struct model_conn *like = &model->conns[search->first->conn];
	uint64_t ns;

	if (!came_by(model, search, conn))
		return 0;
	if (search->open)
		return is_open(model, conn) && conn->accepted == like->accepted && conn->listener == like->listener;
	if (state_of(search->rule) == SPY_STATE_UNKNOWN)
		return 1;
	ns = candidate_dwell(model, search->rule, conn);
	return ns >= search->shortest_ns ? ns : 0;
}

/* How long the first one had been in its state when it was found. */
static uint64_t dwell_when_found(const struct model *model, const struct model_finding *first, int state)
{
	const struct model_conn *conn = &model->conns[first->conn];

	for (uint32_t i = conn->span_count; i > 0; i--) {
		const struct model_span *span = &model->spans[conn->first_span + i - 1];

		if (span->state == state && span->from_ns < first->ts_ns)
			return (uint64_t)(first->ts_ns - span->from_ns);
	}
	return UINT64_MAX;
}

/* False where nothing can be said of others. */
static bool begin_search(const struct model *model, const struct model_tally *tally, struct search *search)
{
	const enum spy_state state = state_of(model_text(model, tally->rule));

	*search = (struct search){.tally = tally, .first = named(model, tally), .rule = model_text(model, tally->rule)};
	if (!search->first)
		return false;
	search->open = strcmp(search->rule, "open-at-exit") == 0;
	search->places = tally->frame != MODEL_NONE &&
			 came_by(model, &(struct search){.tally = tally, .first = search->first, .places = true},
				 &model->conns[search->first->conn]);
	if (tally->count)
		return tally->count > 1 &&
		       (search->places || search->open || (state != SPY_STATE_UNKNOWN && is_only_place(model, tally)));
	if (!search->places || state == SPY_STATE_UNKNOWN)
		return false;
	search->shortest_ns = dwell_when_found(model, search->first, (int)state);
	return true;
}

static void add_others(struct members *members, const struct model *model, const struct model_tally *tally)
{
	struct candidate *list;
	struct search search;
	size_t count = 0, others;

	if (!begin_search(model, tally, &search))
		return;
	list = pool_zeros((model->conns_count + (size_t)1) * sizeof(*list));
	for (uint32_t i = 0; i < model->conns_count; i++) {
		uint64_t found = 0;

		if (model->conns[i].process == tally->process && i != search.first->conn)
			found = weight(model, &search, &model->conns[i]);
		if (found)
			list[count++] = (struct candidate){.conn = i, .dwell_ns = found};
	}
	others = tally->count ? tally->count - 1 : count;
	if (count > others && state_of(search.rule) != SPY_STATE_UNKNOWN) {
		qsort(list, count, sizeof(*list), longest_first);
		count = others;
	}
	for (size_t i = 0; i < count && count == others; i++)
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
