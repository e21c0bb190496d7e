/*
 * The counted summary as a line of JSON, by json-c.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../read/moment.h"
#include "render.h"

static json_object *number(uint64_t value)
{
	return json_object_new_int64(value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void add_time(json_object *line, int64_t ts_ns)
{
	char text[MOMENT_TEXT];

	json_object_object_add(line, "ts", json_object_new_string(moment_text(ts_ns, 6, text)));
}

static json_object *by_rule(const struct tally_process *process)
{
	json_object *rules = json_object_new_object();

	for (const struct tally_place *place = process->places; place; place = place->next) {
		json_object *count = NULL;
		uint64_t before = json_object_object_get_ex(rules, place->rule, &count)
					  ? (uint64_t)json_object_get_int64(count)
					  : 0;

		json_object_object_add(rules, place->rule, number(before + place->count));
	}
	return rules;
}

static json_object *wait_states(const struct tally_process *process)
{
	json_object *states = json_object_new_object();

	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++) {
		const struct tally_wait *wait = &process->waits[state];
		json_object *account;

		if (!spy_state_is_wait(state))
			continue;
		account = json_object_new_object();
		json_object_object_add(account, "connections", number(wait->connections));
		json_object_object_add(account, "total_ms",
				       json_object_new_double((double)wait->total_ns / SPY_NS_PER_MS));
		json_object_object_add(account, "max_ms", json_object_new_double((double)wait->max_ns / SPY_NS_PER_MS));
		json_object_object_add(states, spy_state_name(state), account);
	}
	return states;
}

static uint64_t count_open(const struct tally_process *process)
{
	uint64_t count = 0;

	for (size_t i = 0; i < process->conn_slots; i++)
		count += process->conns[i].id && !process->conns[i].closed;
	return count;
}

void render_counted_json(int fd, const struct tally_process *process, const char *how)
{
	json_object *line = json_object_new_object();
	const char *text;

	json_object_object_add(line, "v", json_object_new_int(1));
	json_object_object_add(line, "type", json_object_new_string("summary"));
	add_time(line, process->last_ns);
	json_object_object_add(line, "pid", json_object_new_int(process->pid));
	json_object_object_add(line, "tid", json_object_new_int(process->pid));
	json_object_object_add(line, "errors", number(process->errors));
	json_object_object_add(line, "warnings", number(process->warnings));
	json_object_object_add(line, "notes", number(process->notes));
	json_object_object_add(line, "connections", number(process->connections));
	json_object_object_add(line, "by_rule", by_rule(process));
	json_object_object_add(line, "wait_states", wait_states(process));
	json_object_object_add(line, "open_at_exit", number(count_open(process)));
	json_object_object_add(line, "unseen", json_object_new_int(0));
	json_object_object_add(line, "counted_by", json_object_new_string("tcpwaitspy"));
	json_object_object_add(line, "ended", json_object_new_string(how));
	text = json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	dprintf(fd, "%s\n", text);
	json_object_put(line);
}
