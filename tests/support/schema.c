/*
 * The contract's tables of members as a table here, and what types alone do not say; see schema.h.
 */
#include "schema.h"

#include <string.h>

#include "../../include/tcpwaitspy/states.h"
#include "test.h"

enum kind { ANY, TEXT, INT, NUMBER, FLAG, LIST, OBJECT, STATE };

struct member {
	const char *type; /* of record; "" for all */
	const char *name;
	enum kind kind;
	bool optional;
};

static const struct member members[] = {
	{"", "v", INT, false},
	{"", "type", TEXT, false},
	{"", "ts", TEXT, false},
	{"", "pid", INT, false},
	{"", "tid", INT, false},

	{"process", "host", TEXT, false},
	{"process", "exe", TEXT, false},
	{"process", "argv", LIST, false},
	{"process", "ppid", INT, false},
	{"process", "version", TEXT, false},
	{"process", "options", ANY, false},

	{"call", "call", TEXT, false},
	{"call", "fd", INT, false},
	{"call", "args", OBJECT, false},
	{"call", "ret", INT, false},
	{"call", "errno", TEXT, true},
	{"call", "duration_us", NUMBER, false},
	{"call", "conn", INT, false},
	{"call", "local", TEXT, false},
	{"call", "peer", TEXT, false},
	{"call", "state_before", STATE, false},
	{"call", "state", STATE, false},
	{"call", "state_source", TEXT, false},
	{"call", "observed_eof", FLAG, true},
	{"call", "stack", INT, true},
	{"call", "frames", LIST, true},

	{"state", "conn", INT, false},
	{"state", "local", TEXT, false},
	{"state", "peer", TEXT, false},
	{"state", "state_before", STATE, false},
	{"state", "state", STATE, false},
	{"state", "dwell_ms", NUMBER, false},

	{"finding", "rule", TEXT, false},
	{"finding", "severity", TEXT, false},
	{"finding", "conn", INT, false},
	{"finding", "fd", INT, false},
	{"finding", "local", TEXT, false},
	{"finding", "peer", TEXT, false},
	{"finding", "state", STATE, false},
	{"finding", "cause", TEXT, false},
	{"finding", "cause_text", TEXT, true},
	{"finding", "message", TEXT, false},
	{"finding", "remedy", TEXT, false},
	{"finding", "count", INT, false},
	{"finding", "stacks", OBJECT, false},
	{"finding", "evidence", OBJECT, false},

	{"summary", "errors", INT, false},
	{"summary", "warnings", INT, false},
	{"summary", "notes", INT, false},
	{"summary", "connections", INT, false},
	{"summary", "by_rule", OBJECT, false},
	{"summary", "wait_states", OBJECT, false},
	{"summary", "open_at_exit", INT, false},
	{"summary", "unseen", INT, false},
};

static const char *const types[] = {"process", "call", "state", "finding", "summary"};
static const char *const wait_states[] = {"FIN_WAIT_1", "FIN_WAIT_2", "CLOSE_WAIT", "TIME_WAIT", "LAST_ACK", "CLOSING"};
static const char *const stacks[] = {"created", "eof", "closed", "here"};
static const char *const severities[] = {"error", "warning", "note"};
static const char *const sources[] = {"kernel", "inferred"};

static const char *const rules[] = {
#define RULE(id, name, severity, ops, often, message, remedy, source) name,
#include "../../include/tcpwaitspy/rules.def"
};

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, list[i]) == 0)
			return true;
	}
	return false;
}

static bool is_state(const char *text)
{
	for (unsigned int state = 1; state < SPY_STATE_COUNT; state++) {
		if (strcmp(spy_state_name(state), text) == 0)
			return true;
	}
	return false;
}

static bool is_kind(json_object *value, enum kind kind)
{
	switch (kind) {
	case ANY:
		return true;
	case TEXT:
		return json_object_is_type(value, json_type_string);
	case STATE:
		return json_object_is_type(value, json_type_string) && is_state(json_object_get_string(value));
	case INT:
		return json_object_is_type(value, json_type_int);
	case NUMBER:
		return json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
	case FLAG:
		return json_object_is_type(value, json_type_boolean);
	case LIST:
		return json_object_is_type(value, json_type_array);
	case OBJECT:
		return json_object_is_type(value, json_type_object);
	}
	return false;
}

static json_object *get(json_object *record, const char *name)
{
	return json_object_object_get(record, name);
}

static const char *text_of(json_object *record, const char *name)
{
	json_object *value = get(record, name);

	return value ? json_object_get_string(value) : "";
}

static const char *members_complaint(json_object *record, const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		const struct member *member = &members[i];
		json_object *value;

		if (*member->type && strcmp(member->type, type) != 0)
			continue;
		value = get(record, member->name);
		if (!value && !member->optional)
			return memory_text("no member %s", member->name);
		if (value && !is_kind(value, member->kind))
			return memory_text("member %s has the wrong type or an unknown name", member->name);
	}
	return NULL;
}

/* By hand, because a log may have some ten thousand of them. */
static bool is_timestamp(const char *text)
{
	static const char shape[] = "0000-00-00T00:00:00.000000Z";
	size_t i = 0;

	while (shape[i] == '0' ? text[i] >= '0' && text[i] <= '9' : shape[i] && text[i] == shape[i])
		i++;
	return shape[i] == '\0' && text[i] == '\0';
}

static const char *call_complaint(json_object *record)
{
	bool failed = json_object_get_int64(get(record, "ret")) == -1;
	const char *error = text_of(record, "errno");

	if (failed != (*error == 'E'))
		return "errno is there exactly when the call failed, and is a name";
	if (!is_one_of(text_of(record, "state_source"), sources, ARRAY_LEN(sources)))
		return "unknown state_source";
	/* A socket() that failed has made none. */
	if (json_object_get_int64(get(record, "conn")) < (json_object_get_int64(get(record, "fd")) == -1 ? 0 : 1))
		return "connections are numbered from 1";
	return NULL;
}

static const char *frames_complaint(json_object *frames)
{
	static const char *const names[] = {"ip", "module", "offset", "build_id", "function", "function_offset"};

	if (!json_object_is_type(frames, json_type_array))
		return "a stack is no list of frames";
	for (size_t i = 0; i < json_object_array_length(frames); i++) {
		json_object *frame = json_object_array_get_idx(frames, i);

		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			if (!json_object_is_type(frame, json_type_object) || !get(frame, names[j]))
				return memory_text("a frame without %s", names[j]);
		}
	}
	return NULL;
}

static const char *finding_complaint(json_object *record)
{
	static const char unfilled[] = "[{][a-z_]+[}]";
	json_object *all = get(record, "stacks");

	if (!is_one_of(text_of(record, "rule"), rules, ARRAY_LEN(rules)))
		return "unknown rule";
	if (!is_one_of(text_of(record, "severity"), severities, ARRAY_LEN(severities)))
		return "unknown severity";
	if (!*text_of(record, "message") || !*text_of(record, "remedy"))
		return "a finding without message or remedy";
	if (test_matches(text_of(record, "message"), unfilled) || test_matches(text_of(record, "remedy"), unfilled))
		return "a name in braces was not filled in";
	json_object_object_foreach(all, name, frames)
	{
		const char *complaint = frames_complaint(frames);

		if (!is_one_of(name, stacks, ARRAY_LEN(stacks)))
			return "unknown stack";
		if (complaint)
			return complaint;
	}
	return NULL;
}

static const char *summary_complaint(json_object *record)
{
	json_object *waits = get(record, "wait_states");

	for (size_t i = 0; i < ARRAY_LEN(wait_states); i++) {
		json_object *wait = get(waits, wait_states[i]);

		if (!wait || !is_kind(wait, OBJECT) || !is_kind(get(wait, "connections"), INT) ||
		    !is_kind(get(wait, "total_ms"), NUMBER) || !is_kind(get(wait, "max_ms"), NUMBER))
			return memory_text("wait_states.%s is not complete", wait_states[i]);
	}
	json_object_object_foreach(get(record, "by_rule"), rule, count)
	{
		if (!is_one_of(rule, rules, ARRAY_LEN(rules)) || !is_kind(count, INT))
			return "by_rule is no object of rule and count";
	}
	return NULL;
}

const char *schema_complaint(json_object *record)
{
	const char *complaint;
	const char *type;

	if (!json_object_is_type(record, json_type_object))
		return "no object";
	type = text_of(record, "type");
	if (!is_one_of(type, types, ARRAY_LEN(types)))
		return "unknown type";
	complaint = members_complaint(record, type);
	if (complaint)
		return complaint;
	if (json_object_get_int64(get(record, "v")) != 1)
		return "v is not 1";
	if (!is_timestamp(text_of(record, "ts")))
		return "ts is not RFC 3339 in UTC with microseconds";
	if (strcmp(type, "call") == 0)
		return call_complaint(record);
	if (strcmp(type, "finding") == 0)
		return finding_complaint(record);
	if (strcmp(type, "summary") == 0)
		return summary_complaint(record);
	return NULL;
}
