/*
 * The JSON log: JSON Lines, each object with v, type, ts, pid and tid (the contract's table).
 * Numbers stay below 2^53 or are exact in what readers use them for; names are escaped.
 */
#include "json_parts.h"

#include <string.h>

#include "../../include/tcpwaitspy/version.h"
#include "memo.h"

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

static void spell_states(struct spy_buf *out, const struct spy_event *ev)
{
	spy_json_word(out, "state_before", spy_state_name(ev->state_before));
	spy_json_word(out, "state", spy_state_name(ev->state));
	if (ev->source == SPY_SOURCE_INFERRED)
		spy_buf_str(out, ",\"state_source\":\"inferred\"");
	else
		spy_buf_str(out, ",\"state_source\":\"kernel\"");
}

/* Most lines say the same here: established, and so it stays. */
static void put_states(struct spy_buf *out, const struct spy_event *ev)
{
	static SPY_MEMO last;
	struct spy_memo_key states = {{ev->state_before, ev->state, ev->source}};
	size_t begin = out->len;

	if (spy_memo_put(&last, &states, out))
		return;
	spell_states(out, ev);
	spy_memo_keep(&last, &states, out, begin);
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
	spy_json_head(out, from, "process");
	spy_json_text(out, "host", process->host);
	spy_json_text(out, "exe", process->exe);
	put_argv(out, process->argv, process->argv_len);
	spy_json_number(out, "ppid", process->ppid);
	spy_json_text(out, "version", SPY_VERSION);
	spy_json_text(out, "options", process->options);
	spy_buf_str(out, "}\n");
}

static void json_call(struct spy_buf *out, const struct spy_origin *from, const struct spy_event *ev,
		      const struct spy_line_conn *conn)
{
	spy_json_head(out, from, "call");
	spy_json_word(out, "call", spy_calls[ev->call].name);
	spy_json_number(out, "fd", ev->op == SPY_OP_OPEN ? ev->ret : ev->fd);
	put_args(out, ev);
	spy_json_number(out, "ret", ev->ret);
	if (ev->err && spy_errno_name(ev->err))
		spy_json_word(out, "errno", spy_errno_name(ev->err));
	else if (ev->err)
		spy_json_number(out, "errno", ev->err);
	spy_json_key(out, "duration_us");
	spy_buf_fixed(out, ev->duration_ns / 100, 1);
	spy_json_conn(out, conn);
	put_states(out, ev);
	if (ev->observed_eof)
		spy_buf_str(out, ",\"observed_eof\":true");
	if (ev->stack)
		spy_json_number(out, "stack", ev->stack);
	spy_buf_str(out, "}\n");
}

static void json_state(struct spy_buf *out, const struct spy_origin *from, const struct spy_event *ev,
		       const struct spy_line_conn *conn)
{
	spy_json_head(out, from, "state");
	spy_json_conn(out, conn);
	put_states(out, ev);
	spy_json_key(out, "dwell_ms");
	spy_buf_fixed(out, ev->dwell_ns / 1000, 3);
	if (ev->state == SPY_STATE_TIME_WAIT && ev->state_age_ms > 0)
		spy_json_number(out, "rest_ms", SPY_TIME_WAIT_MS - ev->state_age_ms);
	spy_buf_str(out, "}\n");
}

static void put_frames(struct spy_buf *out, const struct spy_named_stack *stack)
{
	spy_buf_char(out, '[');
	for (size_t i = 0; i < stack->count; i++) {
		if (i)
			spy_buf_char(out, ',');
		spy_json_frame(out, &stack->frames[i]);
	}
	spy_buf_char(out, ']');
}

void spy_json_add_frames(struct spy_buf *out, const struct spy_named_stack *stack)
{
	static const char end[] = "}\n";

	if (out->truncated || out->len < sizeof(end) - 1)
		return;
	out->len -= sizeof(end) - 1;
	spy_json_key(out, "frames");
	put_frames(out, stack);
	spy_buf_str(out, end);
}

void spy_json_stack(struct spy_buf *out, uint32_t number, const struct spy_named_stack *stack)
{
	spy_buf_str(out, "{\"stack\":");
	spy_buf_uint(out, number);
	spy_json_key(out, "frames");
	put_frames(out, stack);
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
		spy_buf_str(out, "\":");
		put_frames(out, stack);
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
	spy_json_name(out, name);
	spy_buf_json(out, message.data, message.len);
}

static void json_finding(struct spy_buf *out, const struct spy_origin *from, const struct spy_finding *finding,
			 const struct spy_named_stacks *stacks)
{
	spy_json_head(out, from, "finding");
	spy_json_word(out, "rule", spy_rules[finding->rule].name);
	spy_json_word(out, "severity", spy_severity_name(finding->severity, false));
	spy_json_number(out, "conn", finding->conn);
	spy_json_number(out, "fd", finding->fd);
	spy_json_addr(out, "local", &finding->local);
	spy_json_addr(out, "peer", &finding->peer);
	spy_json_note(out, finding->note);
	spy_json_word(out, "state", spy_state_name(finding->state));
	/* Always there, as an address is; in words only where there is one. */
	spy_json_word(out, "cause", finding->cause ? finding->cause : "");
	if (finding->cause)
		put_message(out, "cause_text", finding->cause_text, finding);
	put_message(out, "message", finding->message, finding);
	put_message(out, "remedy", finding->remedy, finding);
	spy_json_number(out, "count", (int64_t)finding->count);
	put_stacks(out, stacks);
	if (stacks->story[finding->place].count)
		spy_json_word(out, "place", spy_story_member(finding->place));
	put_evidence(out, finding);
	spy_buf_str(out, "}\n");
}

const struct spy_format_ops spy_json_format = {
	.process = json_process,
	.call = json_call,
	.state = json_state,
	.finding = json_finding,
	.summary = spy_json_summary,
};
