/*
 * The rule table and its runner: prepares a finding, asks the predicate, and counts what fires
 * by place.
 */
#include "core.h"
#include "predicates.h"

#include <stddef.h>

#define RULE(id, name, severity, ops, often, message, remedy, source)                                                  \
	[SPY_RULE_##id] = {name, SPY_##severity, ops, SPY_##often, message, remedy, source},

const struct spy_rule_info spy_rules[SPY_RULE_COUNT] = {
#include "../../include/tcpwaitspy/rules.def"
};

typedef bool (*predicate_fn)(const struct spy_core *core, const struct spy_event *ev, const struct spy_conn *conn,
			     struct spy_finding *finding);

#define RULE(id, name, severity, ops, often, message, remedy, source) [SPY_RULE_##id] = spy_rule_##id,

static const predicate_fn predicates[SPY_RULE_COUNT] = {
#include "../../include/tcpwaitspy/rules.def"
};

_Static_assert(SPY_RULE_COUNT <= 64, "spy_conn.reported has a bit for each rule");

void spy_finding_add(struct spy_finding *finding, const char *name, int64_t number)
{
	if (finding->evidence_count >= SPY_EVIDENCE_MAX)
		return;
	finding->evidence[finding->evidence_count++] =
		(struct spy_evidence){.name = name, .kind = SPY_EVIDENCE_NUMBER, .number = number};
}

void spy_finding_add_holder(struct spy_finding *finding, const char name[16])
{
	if (finding->evidence_count >= SPY_EVIDENCE_MAX)
		return;
	for (unsigned int i = 0; i < sizeof(finding->holder_name); i++)
		finding->holder_name[i] = name[i];
	finding->evidence[finding->evidence_count++] =
		(struct spy_evidence){.name = "holder_name", .kind = SPY_EVIDENCE_HOLDER};
}

/* What every finding has. The predicate changes what is different for its rule. */
static void prepare(struct spy_finding *finding, enum spy_rule rule, const struct spy_event *ev,
		    const struct spy_conn *conn)
{
	*finding = (struct spy_finding){
		.rule = rule,
		.severity = spy_rules[rule].severity,
		.conn = conn->id,
		.fd = conn->fd,
		.local = conn->local,
		.peer = conn->peer,
		.state = ev->was_closed ? SPY_STATE_CLOSED : (enum spy_state)conn->state,
		.place = SPY_STORY_HERE,
		.count = 1,
		.wall_ns = ev->wall_ns,
		.tid = ev->tid,
		.age_ns = ev->now_ns > conn->since_ns ? ev->now_ns - conn->since_ns : 0,
		.call = spy_calls[ev->call].name,
		.side = conn->flags & SPY_CONN_ACCEPTED ? "accepted" : "connected",
		.message = spy_rules[rule].message,
		.remedy = spy_rules[rule].remedy,
	};
	finding->stacks[SPY_STORY_CREATED] = conn->stacks[SPY_STACK_CREATED];
	finding->stacks[SPY_STORY_HERE] = ev->stack;
}

/* Places are told apart by the stack of the story that the rule charges, or the next one that is known. */
static uint32_t place_of(const struct spy_finding *finding)
{
	static const enum spy_story order[] = {SPY_STORY_HERE, SPY_STORY_EOF, SPY_STORY_CLOSED, SPY_STORY_CREATED};

	if (finding->stacks[finding->place])
		return finding->stacks[finding->place];
	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (finding->stacks[order[i]])
			return finding->stacks[order[i]];
	return 0;
}

static void count_finding(struct spy_core *core, const struct spy_finding *finding, struct spy_outbox *out)
{
	struct spy_place *place = spy_places_count(&core->places, finding->rule, finding->severity, place_of(finding));

	if (place && place->count == 1)
		place->first_wall_ns = finding->wall_ns;
	if (place)
		place->last_wall_ns = finding->wall_ns;
	if (place && place->suppressed)
		return;
	core->by_severity[finding->severity]++;
	core->by_rule[finding->rule]++;
	if (place && place->count == 1 && out->count < SPY_FINDINGS_MAX)
		out->findings[out->count++] = *finding;
}

void spy_rules_suppress(struct spy_core *core, const struct spy_finding *finding)
{
	struct spy_place *place = spy_places_find(&core->places, finding->rule, finding->severity, place_of(finding));

	if (!place || place->suppressed)
		return;
	place->suppressed = true;
	core->by_severity[finding->severity] -= place->count;
	core->by_rule[finding->rule] -= place->count;
}

void spy_rules_run(struct spy_core *core, const struct spy_event *ev, struct spy_conn *conn, struct spy_outbox *out)
{
	for (unsigned int rule = 0; rule < SPY_RULE_COUNT; rule++) {
		const struct spy_rule_info *info = &spy_rules[rule];
		uint64_t bit = UINT64_C(1) << rule;
		struct spy_finding finding;

		if (!(info->ops & (1u << ev->op)) || !core->settings.rule_on[rule])
			continue;
		if (info->often == SPY_ONCE && (conn->reported & bit))
			continue;
		prepare(&finding, (enum spy_rule)rule, ev, conn);
		if (!predicates[rule](core, ev, conn, &finding))
			continue;
		conn->reported |= bit;
		count_finding(core, &finding, out);
	}
}
