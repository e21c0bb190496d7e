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

void spy_finding_add_holder_name(struct spy_finding *finding, const char name[16])
{
	if (finding->evidence_count >= SPY_EVIDENCE_MAX)
		return;
	for (unsigned int i = 0; i < sizeof(finding->holder_name); i++)
		finding->holder_name[i] = name[i];
	finding->evidence[finding->evidence_count++] =
		(struct spy_evidence){.name = "holder_name", .kind = SPY_EVIDENCE_HOLDER};
}

void spy_finding_add_holder(struct spy_finding *finding, const struct spy_holder *holder)
{
	if (!holder->pid)
		return;
	spy_finding_add(finding, "holder_pid", holder->pid);
	spy_finding_add(finding, "holder_fd", holder->fd);
	spy_finding_add_holder_name(finding, holder->name);
}

/*
 * What every finding of an event has. Member by member, since an event asks a dozen rules and none of them fires:
 * evidence counts as far as evidence_count says.
 */
static void prepare(struct spy_finding *finding, const struct spy_core *core, const struct spy_event *ev,
		    const struct spy_conn *conn)
{
	finding->conn = conn->id;
	finding->fd = conn->fd;
	finding->local = conn->local;
	finding->peer = conn->peer;
	finding->state = ev->was_closed ? SPY_STATE_CLOSED : (enum spy_state)conn->state;
	finding->cause = NULL;
	finding->cause_text = NULL;
	finding->stacks[SPY_STORY_CREATED] = conn->stacks[SPY_STACK_CREATED];
	finding->stacks[SPY_STORY_EOF] = 0;
	finding->stacks[SPY_STORY_CLOSED] = 0;
	finding->stacks[SPY_STORY_HERE] = ev->stack;
	finding->place = SPY_STORY_HERE;
	finding->count = 1;
	finding->wall_ns = ev->wall_ns;
	finding->tid = ev->tid;
	finding->age_ns = ev->now_ns > conn->since_ns ? ev->now_ns - conn->since_ns : 0;
	finding->call = spy_calls[ev->call].name;
	finding->side = conn->flags & SPY_CONN_ACCEPTED ? "accepted" : "connected";
	finding->evidence_count = 0;
	finding->note = spy_annotation(&core->annotations, conn);
}

/* What is different for a rule; a predicate that fires changes more. */
static void prepare_rule(struct spy_finding *finding, enum spy_rule rule)
{
	finding->rule = rule;
	finding->severity = spy_rules[rule].severity;
	finding->message = spy_rules[rule].message;
	finding->remedy = spy_rules[rule].remedy;
}

/* The stack of the story that the rule charges, or the next one that is known. */
static enum spy_story story_of(const struct spy_finding *finding)
{
	static const enum spy_story order[] = {SPY_STORY_HERE, SPY_STORY_EOF, SPY_STORY_CLOSED, SPY_STORY_CREATED};

	if (finding->stacks[finding->place])
		return finding->place;
	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (finding->stacks[order[i]])
			return order[i];
	return finding->place;
}

/* By which places are told apart. */
static uint32_t place_of(const struct spy_finding *finding)
{
	return finding->stacks[story_of(finding)];
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
	if (place && place->count == 1 && out->count < SPY_FINDINGS_MAX) {
		out->findings[out->count] = *finding;
		out->findings[out->count++].place = story_of(finding);
	}
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

void spy_rules_init(struct spy_core *core)
{
	for (unsigned int rule = 0; rule < SPY_RULE_COUNT; rule++) {
		uint64_t bit = UINT64_C(1) << rule;

		core->once |= spy_rules[rule].often == SPY_ONCE ? bit : 0;
		for (unsigned int op = 0; op < SPY_OPS; op++)
			if (spy_rules[rule].ops & (1u << op))
				core->asks[op] |= bit;
	}
}

void spy_rules_run(struct spy_core *core, const struct spy_event *ev, struct spy_conn *conn, struct spy_outbox *out)
{
	struct spy_finding finding;
	bool prepared = false;

	for (uint64_t left = core->asks[ev->op] & ~(conn->reported & core->once); left; left &= left - 1) {
		unsigned int rule = (unsigned int)__builtin_ctzll(left);

		if (!core->settings.rule_on[rule])
			continue;
		if (!prepared)
			prepare(&finding, core, ev, conn);
		prepare_rule(&finding, (enum spy_rule)rule);
		prepared = !predicates[rule](core, ev, conn, &finding);
		if (prepared)
			continue; /* And the finding is as it was (predicates.h). */
		conn->reported |= UINT64_C(1) << rule;
		count_finding(core, &finding, out);
	}
}
