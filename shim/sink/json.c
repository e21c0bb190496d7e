/*
 * The JSON log: JSON Lines, each object with v, type, ts, pid and tid (the contract's table).
 * Numbers stay below 2^53 or are exact in what readers use them for; names are escaped.
 */
#include "sink.h"

#include <string.h>

#include "../../include/tcpwaitspy/version.h"

/* Civil date from days since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static void put_date(struct spy_buf *out, uint64_t days)
{
	uint64_t z = days + 719468, era = z / 146097, day_of_era = z - era * 146097;
	uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t mp = (5 * day_of_year + 2) / 153;
	uint64_t month = mp < 10 ? mp + 3 : mp - 9;

	spy_buf_padded(out, year_of_era + era * 400 + (month <= 2), 4);
	spy_buf_char(out, '-');
	spy_buf_padded(out, month, 2);
	spy_buf_char(out, '-');
	spy_buf_padded(out, day_of_year - (153 * mp + 2) / 5 + 1, 2);
}

/* RFC 3339 in UTC with microseconds. */
static void put_timestamp(struct spy_buf *out, uint64_t wall_ns)
{
	uint64_t seconds = wall_ns / 1000000000u;

	put_date(out, seconds / 86400);
	spy_buf_char(out, 'T');
	spy_buf_padded(out, seconds / 3600 % 24, 2);
	spy_buf_char(out, ':');
	spy_buf_padded(out, seconds / 60 % 60, 2);
	spy_buf_char(out, ':');
	spy_buf_padded(out, seconds % 60, 2);
	spy_buf_char(out, '.');
	spy_buf_padded(out, wall_ns / 1000 % 1000000u, 6);
	spy_buf_char(out, 'Z');
}

static void put_head(struct spy_buf *out, const struct spy_origin *from, const char *type)
{
	spy_buf_str(out, "{\"v\":1,\"type\":\"");
	spy_buf_str(out, type);
	spy_buf_str(out, "\",\"ts\":\"");
	put_timestamp(out, from->wall_ns);
	spy_buf_str(out, "\",\"pid\":");
	spy_buf_int(out, from->pid);
	spy_buf_str(out, ",\"tid\":");
	spy_buf_uint(out, from->tid);
}

/* The names are the shim's own and need no escaping. */
static void put_key(struct spy_buf *out, const char *name)
{
	spy_buf_str(out, ",\"");
	spy_buf_str(out, name);
	spy_buf_str(out, "\":");
}

static void put_word(struct spy_buf *out, const char *name, const char *text)
{
	put_key(out, name);
	spy_buf_char(out, '"');
	spy_buf_str(out, text);
	spy_buf_char(out, '"');
}

static void put_text(struct spy_buf *out, const char *name, const char *text)
{
	put_key(out, name);
	spy_buf_json(out, text, strlen(text));
}

static void put_number(struct spy_buf *out, const char *name, int64_t number)
{
	put_key(out, name);
	spy_buf_int(out, number);
}

static void put_addr(struct spy_buf *out, const char *name, const struct spy_addr *addr)
{
	put_key(out, name);
	spy_buf_char(out, '"');
	spy_buf_addr(out, addr);
	spy_buf_char(out, '"');
}

static void put_conn(struct spy_buf *out, const struct spy_line_conn *conn)
{
	put_number(out, "conn", conn->id);
	put_addr(out, "local", &conn->local);
	put_addr(out, "peer", &conn->peer);
}

static void put_args(struct spy_buf *out, const struct spy_event *ev)
{
	const char *before = "";

	spy_buf_str(out, ",\"args\":{");
	for (unsigned int i = 0; i < SPY_CALL_ARGS; i++) {
		enum spy_arg_form form = spy_arg_form(ev, i);

		if (form == SPY_FORM_ABSENT)
			continue;
		spy_buf_str(out, before);
		spy_buf_char(out, '"');
		spy_buf_str(out, spy_calls[ev->call].args[i].name);
		spy_buf_str(out, form == SPY_FORM_WORD ? "\":\"" : "\":");
		spy_put_arg(out, ev, i);
		if (form == SPY_FORM_WORD)
			spy_buf_char(out, '"');
		before = ",";
	}
	spy_buf_char(out, '}');
}

static void put_source(struct spy_buf *out, const struct spy_event *ev)
{
	put_word(out, "state_source", ev->source == SPY_SOURCE_INFERRED ? "inferred" : "kernel");
}

static void put_argv(struct spy_buf *out, const char *argv, size_t len)
{
	const char *before = "";

	spy_buf_str(out, ",\"argv\":[");
	while (len) {
		size_t word = strnlen(argv, len);

		spy_buf_str(out, before);
		spy_buf_json(out, argv, word);
		before = ",";
		if (word < len)
			word++;
		argv += word;
		len -= word;
	}
	spy_buf_char(out, ']');
}

static void json_process(struct spy_buf *out, const struct spy_origin *from, const struct spy_process *process)
{
	put_head(out, from, "process");
	put_text(out, "host", process->host);
	put_text(out, "exe", process->exe);
	put_argv(out, process->argv, process->argv_len);
	put_number(out, "ppid", process->ppid);
	put_text(out, "version", SPY_VERSION);
	put_text(out, "options", process->options);
	spy_buf_str(out, "}\n");
}

static void json_call(struct spy_buf *out, const struct spy_origin *from, const struct spy_event *ev,
		      const struct spy_line_conn *conn)
{
	put_head(out, from, "call");
	put_word(out, "call", spy_calls[ev->call].name);
	put_number(out, "fd", ev->op == SPY_OP_OPEN ? ev->ret : ev->fd);
	put_args(out, ev);
	put_number(out, "ret", ev->ret);
	if (ev->err && spy_errno_name(ev->err))
		put_word(out, "errno", spy_errno_name(ev->err));
	else if (ev->err)
		put_number(out, "errno", ev->err);
	put_key(out, "duration_us");
	spy_buf_fixed(out, ev->duration_ns / 100, 1);
	put_conn(out, conn);
	put_word(out, "state_before", spy_state_name(ev->state_before));
	put_word(out, "state", spy_state_name(ev->state));
	put_source(out, ev);
	if (ev->observed_eof)
		spy_buf_str(out, ",\"observed_eof\":true");
	spy_buf_str(out, "}\n");
}

static void json_state(struct spy_buf *out, const struct spy_origin *from, const struct spy_event *ev,
		       const struct spy_line_conn *conn)
{
	put_head(out, from, "state");
	put_conn(out, conn);
	put_word(out, "state_before", spy_state_name(ev->state_before));
	put_word(out, "state", spy_state_name(ev->state));
	put_source(out, ev);
	put_key(out, "dwell_ms");
	spy_buf_fixed(out, ev->dwell_ns / 1000, 3);
	spy_buf_str(out, "}\n");
}

static void put_build_id(struct spy_buf *out, const struct spy_frame *frame)
{
	put_key(out, "build_id");
	spy_buf_char(out, '"');
	for (size_t i = 0; i < frame->build_id_len; i++) {
		spy_buf_hex(out, frame->build_id[i] >> 4);
		spy_buf_hex(out, frame->build_id[i] & 15);
	}
	spy_buf_char(out, '"');
}

static void put_frame(struct spy_buf *out, const struct spy_frame *frame)
{
	spy_buf_str(out, "{\"ip\":");
	spy_buf_uint(out, frame->ip);
	put_text(out, "module", frame->module);
	put_number(out, "offset", (int64_t)frame->module_offset);
	put_build_id(out, frame);
	put_text(out, "function", frame->function);
	put_number(out, "function_offset", (int64_t)frame->function_offset);
	spy_buf_char(out, '}');
}

static void put_stacks(struct spy_buf *out, const struct spy_named_stacks *stacks)
{
	const char *before = "";

	spy_buf_str(out, ",\"stacks\":{");
	for (unsigned int story = 0; story < SPY_STORY_COUNT; story++) {
		const struct spy_named_stack *stack = &stacks->story[story];

		if (!stack->count)
			continue;
		spy_buf_str(out, before);
		spy_buf_char(out, '"');
		spy_buf_str(out, spy_story_member((enum spy_story)story));
		spy_buf_str(out, "\":[");
		for (size_t i = 0; i < stack->count; i++) {
			if (i)
				spy_buf_char(out, ',');
			put_frame(out, &stack->frames[i]);
		}
		spy_buf_char(out, ']');
		before = ",";
	}
	spy_buf_char(out, '}');
}

static void put_evidence(struct spy_buf *out, const struct spy_finding *finding)
{
	const char *before = "";

	spy_buf_str(out, ",\"evidence\":{");
	for (unsigned int i = 0; i < finding->evidence_count; i++) {
		const struct spy_evidence *evidence = &finding->evidence[i];

		spy_buf_str(out, before);
		spy_buf_char(out, '"');
		spy_buf_str(out, evidence->name);
		spy_buf_str(out, "\":");
		if (evidence->kind == SPY_EVIDENCE_HOLDER)
			spy_buf_json(out, finding->holder_name,
				     strnlen(finding->holder_name, sizeof(finding->holder_name)));
		else
			spy_buf_int(out, evidence->number);
		before = ",";
	}
	spy_buf_char(out, '}');
}

/* A template, expanded in a room of its own and then escaped. */
static void put_message(struct spy_buf *out, const char *name, const char *text, const struct spy_finding *finding)
{
	char room[512];
	struct spy_buf message = SPY_BUF(room);

	spy_message_expand(text, finding, &message);
	put_key(out, name);
	spy_buf_json(out, message.data, message.len);
}

static void json_finding(struct spy_buf *out, const struct spy_origin *from, const struct spy_finding *finding,
			 const struct spy_named_stacks *stacks)
{
	put_head(out, from, "finding");
	put_word(out, "rule", spy_rules[finding->rule].name);
	put_word(out, "severity", spy_severity_name(finding->severity, false));
	put_number(out, "conn", finding->conn);
	put_number(out, "fd", finding->fd);
	put_addr(out, "local", &finding->local);
	put_addr(out, "peer", &finding->peer);
	put_word(out, "state", spy_state_name(finding->state));
	if (finding->cause)
		put_word(out, "cause", finding->cause);
	put_message(out, "message", finding->message, finding);
	put_message(out, "remedy", finding->remedy, finding);
	put_number(out, "count", (int64_t)finding->count);
	put_stacks(out, stacks);
	put_evidence(out, finding);
	spy_buf_str(out, "}\n");
}

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
		put_key(out, "total_ms");
		spy_buf_fixed(out, account->total_ns / 1000, 3);
		put_key(out, "max_ms");
		spy_buf_fixed(out, account->max_ns / 1000, 3);
		spy_buf_char(out, '}');
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
		put_word(out, "severity", spy_severity_name(place->severity, false));
		put_number(out, "count", (int64_t)place->count);
		put_key(out, "frame");
		if (place->frame.ip)
			put_frame(out, &place->frame);
		else
			spy_buf_str(out, "null");
		spy_buf_char(out, '}');
	}
	spy_buf_char(out, ']');
}

static void put_open(struct spy_buf *out, const struct spy_summary *summary)
{
	put_number(out, "open_at_exit", (int64_t)summary->open_at_exit);
	spy_buf_str(out, ",\"open\":[");
	for (unsigned int i = 0; i < summary->open_listed; i++) {
		const struct spy_summary_socket *socket = &summary->open[i];

		spy_buf_str(out, i ? ",{\"fd\":" : "{\"fd\":");
		spy_buf_int(out, socket->fd);
		put_conn(out, &socket->conn);
		put_word(out, "state", spy_state_name(socket->state));
		spy_buf_char(out, '}');
	}
	spy_buf_char(out, ']');
}

static void json_summary(struct spy_buf *out, const struct spy_origin *from, const struct spy_summary *summary)
{
	put_head(out, from, "summary");
	put_number(out, "errors", (int64_t)summary->errors);
	put_number(out, "warnings", (int64_t)summary->warnings);
	put_number(out, "notes", (int64_t)summary->notes);
	put_number(out, "connections", (int64_t)summary->connections);
	put_by_rule(out, summary);
	put_by_place(out, summary);
	put_wait_states(out, &summary->ledger);
	put_open(out, summary);
	put_number(out, "unseen", (int64_t)summary->unseen.closes);
	spy_buf_str(out, ",\"lost\":{\"not_followed\":");
	spy_buf_uint(out, summary->unseen.not_followed);
	put_number(out, "untracked", (int64_t)summary->untracked);
	put_number(out, "stacks", (int64_t)summary->stacks_dropped);
	put_number(out, "lines", (int64_t)summary->lines_lost);
	spy_buf_str(out, "}}\n");
}

const struct spy_format_ops spy_json_format = {
	.process = json_process,
	.call = json_call,
	.state = json_state,
	.finding = json_finding,
	.summary = json_summary,
};
