/*
 * The members of records by name, as the contract's table has them; see json_item.h.
 */
#include "json_item.h"

#include <string.h>

#include "json_value.h"
#include "moment.h"

static bool is_plain(const char *word)
{
	return *word &&
	       word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")] == '\0';
}

/* As a shell reads it: in single quotes, and each single quote as '\''. */
static char *put_word(char *out, const char *word)
{
	if (is_plain(word))
		return stpcpy(out, word);
	*out++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			out = stpcpy(out, "'\\'");
		*out++ = *word;
	}
	*out++ = '\'';
	return out;
}

static const char *command_line(json_object *record, struct room *room)
{
	json_object *list = json_value_get(record, "argv", json_type_array);
	size_t len = list ? json_object_array_length(list) : 0;
	size_t size = 1;
	char *line, *out;

	for (size_t i = 0; i < len; i++) {
		json_object *word = json_object_array_get_idx(list, i);

		size += 3 + 4 * (word ? strlen(json_object_get_string(word)) : 0);
	}
	line = out = room_get(room, size);
	for (size_t i = 0; i < len; i++) {
		json_object *word = json_object_array_get_idx(list, i);

		if (i)
			*out++ = ' ';
		out = put_word(out, word ? json_object_get_string(word) : "");
	}
	*out = '\0';
	return len ? line : NULL;
}

static void read_process(json_object *record, struct room *room, struct item *item)
{
	item->process = (struct item_process){
		.host = json_value_text(record, "host"),
		.exe = json_value_text(record, "exe"),
		.argv = command_line(record, room),
		.ppid = (int)json_value_number(record, "ppid", 0),
		.version = json_value_text(record, "version"),
		.options = json_value_text(record, "options"),
	};
}

void json_item_read_stack(json_object *record, struct room *room, struct item *item)
{
	item->stack = (uint32_t)json_value_count(record, "stack");
	item->frames = json_value_stack(record, "frames", room);
}

static void read_call(json_object *record, struct room *room, struct item *item)
{
	const char *name = json_value_text(record, "call");
	json_object *error;

	item->call = (struct item_call){
		.name = name ? name : "?",
		.fd = (int)json_value_number(record, "fd", -1),
		.args = json_value_pairs(record, "args", room),
		.ret = json_value_number(record, "ret", 0),
		.duration_ns = json_value_duration(record, "duration_us", SPY_NS_PER_US),
		.observed_eof = json_object_get_boolean(json_value_get(record, "observed_eof", json_type_boolean)),
	};
	/* An error without a name is there as its number. */
	if (json_object_object_get_ex(record, "errno", &error))
		item->call.error = json_object_get_string(error);
	item->accepted = item->call.ret >= 0 && strncmp(item->call.name, "accept", 6) == 0;
	json_item_read_stack(record, room, item);
}

static const char *const story_names[SPY_STORY_COUNT] = {
	[SPY_STORY_CREATED] = "created",
	[SPY_STORY_EOF] = "eof",
	[SPY_STORY_CLOSED] = "closed",
	[SPY_STORY_HERE] = "here",
};

/*
 * The stack that a finding is charged to: the log's word, or what the shim's core takes, for logs
 * that do not say (the first version's).
 */
static enum spy_story place_of(json_object *record, const struct item_finding *finding)
{
	static const enum spy_story order[] = {SPY_STORY_HERE, SPY_STORY_EOF, SPY_STORY_CLOSED, SPY_STORY_CREATED};
	const char *place = json_value_text(record, "place");

	for (int story = 0; place && story < SPY_STORY_COUNT; story++)
		if (strcmp(place, story_names[story]) == 0 && finding->stacks[story].count)
			return (enum spy_story)story;
	if (strcmp(finding->rule, "close-wait-leak") == 0)
		return finding->stacks[SPY_STORY_EOF].count ? SPY_STORY_EOF : SPY_STORY_CREATED;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (finding->stacks[order[i]].count)
			return order[i];
	return SPY_STORY_HERE;
}

static void read_finding(json_object *record, struct room *room, struct item *item)
{
	struct item_finding *finding = &item->finding;
	json_object *stacks = json_value_get(record, "stacks", json_type_object);

	*finding = (struct item_finding){
		.rule = json_value_text(record, "rule"),
		.severity = json_value_text(record, "severity"),
		.fd = (int)json_value_number(record, "fd", -1),
		.cause = json_value_text(record, "cause"),
		.cause_text = json_value_text(record, "cause_text"),
		.message = json_value_text(record, "message"),
		.remedy = json_value_text(record, "remedy"),
		.count = json_value_count(record, "count"),
		.evidence = json_value_pairs(record, "evidence", room),
	};
	finding->rule = finding->rule ? finding->rule : "unknown";
	finding->severity = finding->severity ? finding->severity : "note";
	finding->message = finding->message ? finding->message : "";
	finding->remedy = finding->remedy ? finding->remedy : "";
	finding->count = finding->count ? finding->count : 1;
	for (int story = 0; stacks && story < SPY_STORY_COUNT; story++)
		finding->stacks[story] = json_value_stack(stacks, story_names[story], room);
	finding->place = place_of(record, finding);
}

static struct item_wait wait_of(json_object *value, int state, struct room *room)
{
	return (struct item_wait){
		.state = state,
		.connections = json_value_count(value, "connections"),
		.total_ns = json_value_duration(value, "total_ms", SPY_NS_PER_MS),
		.max_ns = json_value_duration(value, "max_ms", SPY_NS_PER_MS),
		.frame = json_value_frame(value, "frame", room),
	};
}

static void read_waits(json_object *record, struct room *room, struct item_summary *summary)
{
	json_object *states = json_value_get(record, "wait_states", json_type_object);
	json_object *places = json_value_get(record, "wait_places", json_type_array);
	size_t len = places ? json_object_array_length(places) : 0;
	struct item_wait *waits = room_get(room, SPY_STATE_COUNT * sizeof(*waits));
	struct item_wait *wait_places = len ? room_get(room, len * sizeof(*wait_places)) : NULL;

	for (unsigned int state = 1; states && state < SPY_STATE_COUNT; state++) {
		json_object *value = json_value_get(states, spy_state_name(state), json_type_object);

		if (value)
			waits[summary->wait_count++] = wait_of(value, (int)state, room);
	}
	for (size_t i = 0; i < len; i++) {
		json_object *value = json_object_array_get_idx(places, i);
		int state = json_value_state(json_value_text(value, "state"));

		if (state != ITEM_NO_STATE)
			wait_places[summary->wait_place_count++] = wait_of(value, state, room);
	}
	summary->waits = waits;
	summary->wait_places = wait_places;
}

static void read_places(json_object *record, struct room *room, struct item_summary *summary)
{
	json_object *list = json_value_get(record, "by_place", json_type_array);
	size_t len = list ? json_object_array_length(list) : 0;
	struct item_place *places = len ? room_get(room, len * sizeof(*places)) : NULL;

	for (size_t i = 0; i < len; i++) {
		json_object *value = json_object_array_get_idx(list, i);

		if (!json_value_text(value, "rule"))
			continue;
		places[summary->place_count++] = (struct item_place){
			.rule = json_value_text(value, "rule"),
			.severity = json_value_text(value, "severity") ? json_value_text(value, "severity") : "note",
			.count = json_value_count(value, "count"),
			.first_ns = json_value_moment(value, "first"),
			.last_ns = json_value_moment(value, "last"),
			.frame = json_value_frame(value, "frame", room),
		};
	}
	summary->places = places;
}

static void read_open(json_object *record, struct room *room, struct item_summary *summary)
{
	json_object *list = json_value_get(record, "open", json_type_array);
	size_t len = list ? json_object_array_length(list) : 0;
	struct item_open *open = len ? room_get(room, len * sizeof(*open)) : NULL;

	for (size_t i = 0; i < len; i++) {
		json_object *value = json_object_array_get_idx(list, i);

		open[i] = (struct item_open){
			.conn = json_value_count(value, "conn"),
			.fd = (int)json_value_number(value, "fd", -1),
			.state = json_value_state(json_value_text(value, "state")),
			.local = json_value_text(value, "local"),
			.peer = json_value_text(value, "peer"),
		};
	}
	summary->open_count = len;
	summary->open = open;
}

static void read_summary(json_object *record, struct room *room, struct item *item)
{
	struct item_summary *summary = &item->summary;

	*summary = (struct item_summary){
		.errors = json_value_count(record, "errors"),
		.warnings = json_value_count(record, "warnings"),
		.notes = json_value_count(record, "notes"),
		.connections = json_value_count(record, "connections"),
		.open_at_exit = json_value_count(record, "open_at_exit"),
		.unseen = json_value_count(record, "unseen"),
		.lost_lines = json_value_count(json_value_get(record, "lost", json_type_object), "lines"),
		.ended = json_value_text(record, "ended"),
		.interim = json_object_get_boolean(json_object_object_get(record, "interim")),
		.lost = json_value_pairs(record, "lost", room),
		.open_by_state = json_value_pairs(record, "open_by_state", room),
	};
	read_places(record, room, summary);
	read_waits(record, room, summary);
	read_open(record, room, summary);
}

static void read_state(json_object *record, struct room *room, struct item *item)
{
	(void)room;
	item->dwell_ns = json_value_duration(record, "dwell_ms", SPY_NS_PER_MS);
}

static const struct {
	const char *name;
	enum item_type type;
	void (*read)(json_object *record, struct room *room, struct item *item);
} kinds[] = {
	{"call", ITEM_CALL, read_call},		 {"state", ITEM_STATE, read_state},
	{"finding", ITEM_FINDING, read_finding}, {"process", ITEM_PROCESS, read_process},
	{"summary", ITEM_SUMMARY, read_summary},
};

int json_item_version(json_object *record)
{
	return (int)json_value_number(record, "v", 0);
}

enum json_item_result json_item_read(json_object *record, struct room *room, struct item *item)
{
	const char *type = json_value_text(record, "type");
	const char *ts = json_value_text(record, "ts");
	const char *source = json_value_text(record, "state_source");
	size_t kind = 0;

	if (json_item_version(record) < 1)
		return JSON_ITEM_FOREIGN;
	*item = (struct item){.state_before = ITEM_NO_STATE, .state = ITEM_NO_STATE};
	if (!type || !ts || !moment_parse(ts, &item->ts_ns))
		return JSON_ITEM_DAMAGED;
	while (kind < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[kind].name, type) != 0)
		kind++;
	if (kind == sizeof(kinds) / sizeof(kinds[0]))
		return JSON_ITEM_UNKNOWN;
	item->type = kinds[kind].type;
	item->pid = (int)json_value_number(record, "pid", 0);
	item->tid = (int)json_value_number(record, "tid", 0);
	item->conn = json_value_count(record, "conn");
	item->local = json_value_text(record, "local");
	item->peer = json_value_text(record, "peer");
	item->state_before = json_value_state(json_value_text(record, "state_before"));
	item->state = json_value_state(json_value_text(record, "state"));
	item->inferred = source && strcmp(source, "inferred") == 0;
	kinds[kind].read(record, room, item);
	return JSON_ITEM_READ;
}
