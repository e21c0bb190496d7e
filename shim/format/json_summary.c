/*
 * The summary's line of the JSON log.
 */
#include "json_parts.h"

static void put_wait_states(struct spy_buf *out, const struct spy_ledger *ledger)
{
	const char *before = "";

	spy_buf_str(out, ",\"wait_states\":{");
	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++) {
		const struct spy_account *account = &ledger->states[state];

		if (!spy_state_is_wait(state))
			continue;
		spy_buf_str(out, before);
		spy_buf_char(out, '"');
		spy_buf_str(out, spy_state_name(state));
		spy_buf_str(out, "\":{\"connections\":");
		spy_buf_uint(out, account->connections);
		spy_json_key(out, "total_ms");
		spy_buf_fixed(out, account->total_ns / 1000, 3);
		spy_json_key(out, "max_ms");
		spy_buf_fixed(out, account->max_ns / 1000, 3);
		spy_buf_char(out, '}');
		before = ",";
	}
	spy_buf_char(out, '}');
}

static void put_wait_places(struct spy_buf *out, const struct spy_summary *summary)
{
	spy_buf_str(out, ",\"wait_places\":[");
	for (unsigned int i = 0; i < summary->wait_count; i++) {
		const struct spy_summary_wait *wait = &summary->waits[i];

		spy_buf_str(out, i ? ",{\"state\":\"" : "{\"state\":\"");
		spy_buf_str(out, spy_state_name(wait->state));
		spy_buf_char(out, '"');
		spy_json_number(out, "connections", (int64_t)wait->account.connections);
		spy_json_key(out, "total_ms");
		spy_buf_fixed(out, wait->account.total_ns / 1000, 3);
		spy_json_key(out, "max_ms");
		spy_buf_fixed(out, wait->account.max_ns / 1000, 3);
		spy_json_key(out, "frame");
		if (wait->frame.ip)
			spy_json_frame(out, &wait->frame);
		else
			spy_buf_str(out, "null");
		spy_buf_char(out, '}');
	}
	spy_buf_char(out, ']');
}

static void put_census(struct spy_buf *out, const struct spy_summary *summary)
{
	const char *before = "";

	spy_buf_str(out, ",\"open_by_state\":{");
	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++) {
		if (!summary->open_by_state[state])
			continue;
		spy_buf_str(out, before);
		spy_buf_char(out, '"');
		spy_buf_str(out, spy_state_name(state));
		spy_buf_str(out, "\":");
		spy_buf_uint(out, summary->open_by_state[state]);
		before = ",";
	}
	spy_buf_char(out, '}');
}

static void put_by_rule(struct spy_buf *out, const struct spy_summary *summary)
{
	const char *before = "";

	spy_buf_str(out, ",\"by_rule\":{");
	for (unsigned int rule = 0; rule < SPY_RULE_COUNT; rule++) {
		if (!summary->by_rule[rule])
			continue;
		spy_buf_str(out, before);
		spy_buf_char(out, '"');
		spy_buf_str(out, spy_rules[rule].name);
		spy_buf_str(out, "\":");
		spy_buf_uint(out, summary->by_rule[rule]);
		before = ",";
	}
	spy_buf_char(out, '}');
}

static void put_by_place(struct spy_buf *out, const struct spy_summary *summary)
{
	spy_buf_str(out, ",\"by_place\":[");
	for (unsigned int i = 0; i < summary->place_count; i++) {
		const struct spy_summary_place *place = &summary->places[i];

		spy_buf_str(out, i ? ",{\"rule\":\"" : "{\"rule\":\"");
		spy_buf_str(out, spy_rules[place->rule].name);
		spy_buf_char(out, '"');
		spy_json_word(out, "severity", spy_severity_name(place->severity, false));
		spy_json_number(out, "count", (int64_t)place->count);
		spy_json_time(out, "first", place->first_wall_ns);
		spy_json_time(out, "last", place->last_wall_ns);
		spy_json_key(out, "frame");
		if (place->frame.ip)
			spy_json_frame(out, &place->frame);
		else
			spy_buf_str(out, "null");
		spy_buf_char(out, '}');
	}
	spy_buf_char(out, ']');
}

static void put_open(struct spy_buf *out, const struct spy_summary *summary)
{
	spy_json_number(out, "open_at_exit", (int64_t)summary->open_at_exit);
	spy_buf_str(out, ",\"open\":[");
	for (unsigned int i = 0; i < summary->open_listed; i++) {
		const struct spy_summary_socket *socket = &summary->open[i];

		spy_buf_str(out, i ? ",{\"fd\":" : "{\"fd\":");
		spy_buf_int(out, socket->fd);
		spy_json_conn(out, &socket->conn);
		spy_json_word(out, "state", spy_state_name(socket->state));
		spy_buf_char(out, '}');
	}
	spy_buf_char(out, ']');
}

void spy_json_summary(struct spy_buf *out, const struct spy_origin *from, const struct spy_summary *summary)
{
	spy_json_head(out, from, "summary");
	if (summary->interim)
		spy_buf_str(out, ",\"interim\":true");
	spy_json_number(out, "errors", (int64_t)summary->errors);
	spy_json_number(out, "warnings", (int64_t)summary->warnings);
	spy_json_number(out, "notes", (int64_t)summary->notes);
	spy_json_number(out, "connections", (int64_t)summary->connections);
	put_by_rule(out, summary);
	put_by_place(out, summary);
	put_wait_states(out, &summary->ledger);
	put_wait_places(out, summary);
	put_census(out, summary);
	put_open(out, summary);
	spy_json_number(out, "unseen", (int64_t)summary->unseen.closes);
	spy_buf_str(out, ",\"lost\":{\"not_followed\":");
	spy_buf_uint(out, summary->unseen.not_followed);
	spy_json_number(out, "untracked", (int64_t)summary->untracked);
	spy_json_number(out, "stacks", (int64_t)summary->stacks_dropped);
	spy_json_number(out, "lines", (int64_t)summary->lines_lost);
	spy_buf_str(out, "}}\n");
}
