/*
 * The members of records by name, as the contract's table has them; see json_item.h.
 */
#include "json_item.h"

#include <math.h>
#include <string.h>

#include "moment.h"

#define US_NS 1000
#define MS_NS 1000000

static json_object *get(json_object *record, const char *name, json_type type)
{
	json_object *value;

	if (!json_object_object_get_ex(record, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

/* NULL where it is "", too: that is how the log says that there is none. */
static const char *text(json_object *record, const char *name)
{
	json_object *value = get(record, name, json_type_string);
	const char *string = value ? json_object_get_string(value) : NULL;

	return string && *string ? string : NULL;
}

static int64_t number_or(json_object *record, const char *name, int64_t otherwise)
{
	json_object *value = get(record, name, json_type_int);

	return value ? json_object_get_int64(value) : otherwise;
}

static uint64_t count(json_object *record, const char *name)
{
	json_object *value = get(record, name, json_type_int);

	return value && json_object_get_int64(value) >= 0 ? json_object_get_uint64(value) : 0;
}

/* A number of units, whole or not, in nanoseconds. */
static uint64_t duration(json_object *record, const char *name, double unit_ns)
{
	json_object *value;
	double ns;

	if (!json_object_object_get_ex(record, name, &value))
		return 0;
	ns = json_object_get_double(value) * unit_ns;
	return ns > 0 && ns < 9e18 ? (uint64_t)llround(ns) : 0;
}

static int64_t moment(json_object *record, const char *name)
{
	const char *string = text(record, name);
	int64_t ns;

	return string && moment_parse(string, &ns) ? ns : 0;
}

static int state_named(const char *name)
{
	for (unsigned int state = 1; name && state < SPY_STATE_COUNT; state++)
		if (strcmp(spy_state_name(state), name) == 0)
			return (int)state;
	return ITEM_NO_STATE;
}

static struct item_frame frame(json_object *value)
{
	return (struct item_frame){
		.ip = count(value, "ip"),
		.module = text(value, "module"),
		.offset = count(value, "offset"),
		.build_id = text(value, "build_id"),
		.function = text(value, "function"),
		.function_offset = count(value, "function_offset"),
	};
}

static struct item_stack stack(json_object *list, struct room *room)
{
	size_t len = list ? json_object_array_length(list) : 0;
	struct item_frame *frames = len ? room_get(room, len * sizeof(*frames)) : NULL;

	for (size_t i = 0; i < len; i++)
		frames[i] = frame(json_object_array_get_idx(list, i));
	return (struct item_stack){.count = len, .frames = frames};
}

static struct item_pairs pairs(json_object *record, const char *name, struct room *room)
{
	json_object *object = get(record, name, json_type_object);
	struct item_pair *list;
	size_t filled = 0;

	if (!object)
		return (struct item_pairs){0};
	list = room_get(room, (size_t)json_object_object_length(object) * sizeof(*list));
	json_object_object_foreach(object, key, value)
	{
		const char *string = value ? json_object_get_string(value) : "null";

		list[filled++] = (struct item_pair){
			.name = key,
			.value = string ? string : "",
			.is_text = json_object_is_type(value, json_type_string),
		};
	}
	return (struct item_pairs){.count = filled, .pairs = list};
}

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
	json_object *list = get(record, "argv", json_type_array);
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
		.host = text(record, "host"),
		.exe = text(record, "exe"),
		.argv = command_line(record, room),
		.ppid = (int)number_or(record, "ppid", 0),
		.version = text(record, "version"),
		.options = text(record, "options"),
	};
}

static void read_call(json_object *record, struct room *room, struct item *item)
{
	const char *name = text(record, "call");
	json_object *error;

	item->call = (struct item_call){
		.name = name ? name : "?",
		.fd = (int)number_or(record, "fd", -1),
		.args = pairs(record, "args", room),
		.ret = number_or(record, "ret", 0),
		.duration_ns = duration(record, "duration_us", US_NS),
		.observed_eof = json_object_get_boolean(get(record, "observed_eof", json_type_boolean)),
	};
	/* An error without a name is there as its number. */
	if (json_object_object_get_ex(record, "errno", &error))
		item->call.error = json_object_get_string(error);
	item->accepted = item->call.ret >= 0 && strncmp(item->call.name, "accept", 6) == 0;
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
	const char *place = text(record, "place");

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
	json_object *stacks = get(record, "stacks", json_type_object);

	*finding = (struct item_finding){
		.rule = text(record, "rule"),
		.severity = text(record, "severity"),
		.fd = (int)number_or(record, "fd", -1),
		.cause = text(record, "cause"),
		.cause_text = text(record, "cause_text"),
		.message = text(record, "message"),
		.remedy = text(record, "remedy"),
		.count = count(record, "count"),
		.evidence = pairs(record, "evidence", room),
	};
	finding->rule = finding->rule ? finding->rule : "unknown";
	finding->severity = finding->severity ? finding->severity : "note";
	finding->message = finding->message ? finding->message : "";
	finding->remedy = finding->remedy ? finding->remedy : "";
	finding->count = finding->count ? finding->count : 1;
	for (int story = 0; stacks && story < SPY_STORY_COUNT; story++)
		finding->stacks[story] = stack(get(stacks, story_names[story], json_type_array), room);
	finding->place = place_of(record, finding);
}

static struct item_wait wait_of(json_object *value, int state)
{
	json_object *place = get(value, "frame", json_type_object);

	return (struct item_wait){
		.state = state,
		.connections = count(value, "connections"),
		.total_ns = duration(value, "total_ms", MS_NS),
		.max_ns = duration(value, "max_ms", MS_NS),
		.frame = place ? frame(place) : (struct item_frame){0},
	};
}

static void read_waits(json_object *record, struct room *room, struct item_summary *summary)
{
	json_object *states = get(record, "wait_states", json_type_object);
	json_object *places = get(record, "wait_places", json_type_array);
	size_t len = places ? json_object_array_length(places) : 0;
	struct item_wait *waits = room_get(room, SPY_STATE_COUNT * sizeof(*waits));
	struct item_wait *wait_places = len ? room_get(room, len * sizeof(*wait_places)) : NULL;

	for (unsigned int state = 1; states && state < SPY_STATE_COUNT; state++) {
		json_object *value = get(states, spy_state_name(state), json_type_object);

		if (value)
			waits[summary->wait_count++] = wait_of(value, (int)state);
	}
	for (size_t i = 0; i < len; i++) {
		json_object *value = json_object_array_get_idx(places, i);
		int state = state_named(text(value, "state"));

		if (state != ITEM_NO_STATE)
			wait_places[summary->wait_place_count++] = wait_of(value, state);
	}
	summary->waits = waits;
	summary->wait_places = wait_places;
}

static void read_places(json_object *record, struct room *room, struct item_summary *summary)
{
	json_object *list = get(record, "by_place", json_type_array);
	size_t len = list ? json_object_array_length(list) : 0;
	struct item_place *places = len ? room_get(room, len * sizeof(*places)) : NULL;

	for (size_t i = 0; i < len; i++) {
		json_object *value = json_object_array_get_idx(list, i);
		json_object *where = get(value, "frame", json_type_object);

		if (!text(value, "rule"))
			continue;
		places[summary->place_count++] = (struct item_place){
			.rule = text(value, "rule"),
			.severity = text(value, "severity") ? text(value, "severity") : "note",
			.count = count(value, "count"),
			.first_ns = moment(value, "first"),
			.last_ns = moment(value, "last"),
			.frame = where ? frame(where) : (struct item_frame){0},
		};
	}
	summary->places = places;
}

static void read_open(json_object *record, struct room *room, struct item_summary *summary)
{
	json_object *list = get(record, "open", json_type_array);
	size_t len = list ? json_object_array_length(list) : 0;
	struct item_open *open = len ? room_get(room, len * sizeof(*open)) : NULL;

	for (size_t i = 0; i < len; i++) {
		json_object *value = json_object_array_get_idx(list, i);

		open[i] = (struct item_open){
			.conn = count(value, "conn"),
			.fd = (int)number_or(value, "fd", -1),
			.state = state_named(text(value, "state")),
			.local = text(value, "local"),
			.peer = text(value, "peer"),
		};
	}
	summary->open_count = len;
	summary->open = open;
}

static void read_summary(json_object *record, struct room *room, struct item *item)
{
	struct item_summary *summary = &item->summary;

	*summary = (struct item_summary){
		.errors = count(record, "errors"),
		.warnings = count(record, "warnings"),
		.notes = count(record, "notes"),
		.connections = count(record, "connections"),
		.open_at_exit = count(record, "open_at_exit"),
		.unseen = count(record, "unseen"),
		.lost_lines = count(get(record, "lost", json_type_object), "lines"),
		.ended = text(record, "ended"),
		.interim = json_object_get_boolean(json_object_object_get(record, "interim")),
		.lost = pairs(record, "lost", room),
		.open_by_state = pairs(record, "open_by_state", room),
	};
	read_places(record, room, summary);
	read_waits(record, room, summary);
	read_open(record, room, summary);
}

static void read_state(json_object *record, struct room *room, struct item *item)
{
	(void)room;
	item->dwell_ns = duration(record, "dwell_ms", MS_NS);
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
	return (int)number_or(record, "v", 0);
}

enum json_item_result json_item_read(json_object *record, struct room *room, struct item *item)
{
	const char *type = text(record, "type");
	const char *ts = text(record, "ts");
	const char *source = text(record, "state_source");
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
	item->pid = (int)number_or(record, "pid", 0);
	item->tid = (int)number_or(record, "tid", 0);
	item->conn = count(record, "conn");
	item->local = text(record, "local");
	item->peer = text(record, "peer");
	item->state_before = state_named(text(record, "state_before"));
	item->state = state_named(text(record, "state"));
	item->inferred = source && strcmp(source, "inferred") == 0;
	kinds[kind].read(record, room, item);
	return JSON_ITEM_READ;
}
