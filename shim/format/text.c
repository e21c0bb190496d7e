/*
 * The text log: one line a call or change of state, a block for a finding and for the summary.
 * The format is the contract's; README explains a line.
 */
#include "format.h"

#include <string.h>

#include "memo.h"

static void put_prefix(struct spy_buf *out, int32_t pid)
{
	spy_buf_str(out, "==");
	spy_buf_int(out, pid);
	spy_buf_str(out, "== ");
}

/* HH:MM:SS.uuuuuu in UTC, as in the JSON log: local time wants files that a chroot lacks. */
static void put_time(struct spy_buf *out, uint64_t wall_ns)
{
	uint64_t seconds = wall_ns / SPY_NS_PER_S % 86400u;

	spy_buf_padded(out, seconds / 3600, 2);
	spy_buf_char(out, ':');
	spy_buf_padded(out, seconds / 60 % 60, 2);
	spy_buf_char(out, ':');
	spy_buf_padded(out, seconds % 60, 2);
	spy_buf_char(out, '.');
	spy_buf_micros(out, (uint32_t)(wall_ns % SPY_NS_PER_S / SPY_NS_PER_US));
}

static void put_head(struct spy_buf *out, const struct spy_origin *from)
{
	put_prefix(out, from->pid);
	put_time(out, from->wall_ns);
	spy_buf_str(out, " [");
	spy_buf_uint(out, from->tid);
	spy_buf_str(out, "] ");
}

static void put_endpoint(struct spy_buf *out, const struct spy_addr *addr)
{
	if (addr->family)
		spy_memo_addr(out, addr);
	else
		spy_buf_char(out, '*');
}

static void put_conn(struct spy_buf *out, const struct spy_line_conn *conn)
{
	spy_buf_char(out, '#');
	spy_buf_uint(out, conn->id);
	spy_buf_char(out, ' ');
	put_endpoint(out, &conn->local);
	spy_buf_str(out, conn->accepted ? " <- " : " -> ");
	put_endpoint(out, &conn->peer);
}

/* " | BEFORE -> AFTER | #ID ... | 0.021 ms" and the line's end. */
static void put_tail(struct spy_buf *out, const struct spy_event *ev, const struct spy_line_conn *conn,
		     uint64_t time_ns)
{
	spy_buf_str(out, " | ");
	if (ev->state_before != ev->state) {
		spy_buf_str(out, spy_state_name(ev->state_before));
		spy_buf_str(out, " -> ");
	}
	if (ev->source == SPY_SOURCE_INFERRED)
		spy_buf_char(out, '~');
	spy_buf_str(out, spy_state_name(ev->state));
	spy_buf_str(out, " | ");
	put_conn(out, conn);
	spy_buf_str(out, " | ");
	spy_buf_fixed(out, time_ns / 1000, 3);
	spy_buf_str(out, " ms\n");
}

static void put_args(struct spy_buf *out, const struct spy_event *ev)
{
	const char *before = "";

	if (ev->op != SPY_OP_OPEN) {
		spy_buf_int(out, ev->fd);
		before = ", ";
	}
	for (unsigned int i = 0; i < SPY_CALL_ARGS; i++) {
		size_t start;

		if (spy_arg_form(ev, i) == SPY_FORM_ABSENT)
			continue;
		spy_buf_str(out, before);
		start = out->len;
		spy_put_arg(out, ev, i);
		if (out->len == start)
			spy_buf_char(out, '0'); /* No flags. */
		before = ", ";
	}
}

static void text_process(struct spy_buf *out, const struct spy_origin *from, const struct spy_process *process)
{
	(void)out;
	(void)from;
	(void)process; /* Every line of the text log has its pid; nothing more is promised. */
}

static void text_call(struct spy_buf *out, const struct spy_origin *from, const struct spy_event *ev,
		      const struct spy_line_conn *conn)
{
	put_head(out, from);
	spy_buf_str(out, spy_calls[ev->call].name);
	spy_buf_char(out, '(');
	put_args(out, ev);
	spy_buf_str(out, ") = ");
	spy_buf_int(out, ev->ret);
	if (ev->err) {
		spy_buf_char(out, ' ');
		if (spy_errno_name(ev->err))
			spy_buf_str(out, spy_errno_name(ev->err));
		else
			spy_buf_int(out, ev->err);
	}
	put_tail(out, ev, conn, ev->duration_ns);
}

static void text_state(struct spy_buf *out, const struct spy_origin *from, const struct spy_event *ev,
		       const struct spy_line_conn *conn)
{
	put_head(out, from);
	spy_buf_str(out, "state");
	put_tail(out, ev, conn, ev->dwell_ns);
}

static void put_frame(struct spy_buf *out, const struct spy_frame *frame)
{
	const char *module = spy_symbols_basename(frame->module);

	if (frame->function[0]) {
		spy_buf_plain(out, frame->function, strlen(frame->function));
		spy_buf_str(out, "+0x");
		spy_buf_hex(out, frame->function_offset);
	} else {
		spy_buf_str(out, "??");
	}
	spy_buf_str(out, " (");
	if (module[0])
		spy_buf_plain(out, module, strlen(module));
	else
		spy_buf_str(out, "??");
	spy_buf_str(out, "+0x");
	spy_buf_hex(out, module[0] ? frame->module_offset : frame->ip);
	spy_buf_char(out, ')');
}

static void put_stack(struct spy_buf *out, int32_t pid, enum spy_story story, const struct spy_named_stack *stack)
{
	if (stack->count == 0)
		return;
	put_prefix(out, pid);
	spy_buf_str(out, "  ");
	spy_buf_str(out, spy_story_title(story));
	spy_buf_char(out, '\n');
	for (size_t i = 0; i < stack->count; i++) {
		put_prefix(out, pid);
		spy_buf_str(out, "    #");
		spy_buf_uint(out, i);
		spy_buf_char(out, ' ');
		put_frame(out, &stack->frames[i]);
		spy_buf_char(out, '\n');
	}
}

static void text_finding(struct spy_buf *out, const struct spy_origin *from, const struct spy_finding *finding,
			 const struct spy_named_stacks *stacks)
{
	put_prefix(out, from->pid);
	spy_buf_str(out, spy_severity_name(finding->severity, true));
	spy_buf_str(out, ": ");
	spy_buf_str(out, spy_rules[finding->rule].name);
	spy_buf_str(out, ": ");
	spy_message_expand(finding->message, finding, out);
	spy_buf_char(out, '\n');
	if (finding->cause) {
		put_prefix(out, from->pid);
		spy_buf_str(out, "  cause: ");
		spy_buf_str(out, finding->cause);
		spy_buf_str(out, ": ");
		spy_message_expand(finding->cause_text, finding, out);
		spy_buf_char(out, '\n');
	}
	if (finding->note) {
		char note[SPY_ANNOTATION_ROOM];
		size_t len = spy_annotation_copy(note, finding->note);

		put_prefix(out, from->pid);
		spy_buf_str(out, "  note: ");
		spy_buf_plain(out, note, len);
		spy_buf_char(out, '\n');
	}
	for (unsigned int story = 0; story < SPY_STORY_COUNT; story++)
		put_stack(out, from->pid, (enum spy_story)story, &stacks->story[story]);
	put_prefix(out, from->pid);
	spy_buf_str(out, "  remedy: ");
	spy_message_expand(finding->remedy, finding, out);
	spy_buf_char(out, '\n');
}

static void put_count(struct spy_buf *out, uint64_t count, const char *before, const char *after)
{
	spy_buf_str(out, before);
	spy_buf_uint(out, count);
	spy_buf_str(out, after);
}

static void put_place(struct spy_buf *out, const struct spy_summary_place *place)
{
	spy_buf_str(out, "  ");
	spy_buf_str(out, spy_rules[place->rule].name);
	put_count(out, place->count, ": ", " at ");
	if (place->frame.ip)
		put_frame(out, &place->frame);
	else
		spy_buf_str(out, "a place not known");
	if (place->count > 1) {
		spy_buf_str(out, ", first ");
		put_time(out, place->first_wall_ns);
		spy_buf_str(out, ", last ");
		put_time(out, place->last_wall_ns);
	}
	spy_buf_char(out, '\n');
}

static void put_account(struct spy_buf *out, const struct spy_account *account)
{
	put_count(out, account->connections, ": ",
		  account->connections == 1 ? " connection, total " : " connections, total ");
	spy_buf_age(out, account->total_ns);
	spy_buf_str(out, ", longest ");
	spy_buf_age(out, account->max_ns);
}

/* One state, and under it the places that put connections into it. */
static void put_wait_state(struct spy_buf *out, int32_t pid, unsigned int state, const struct spy_summary *summary)
{
	put_prefix(out, pid);
	spy_buf_str(out, "  ");
	spy_buf_str(out, spy_state_name(state));
	put_account(out, &summary->ledger.states[state]);
	spy_buf_char(out, '\n');
	for (unsigned int i = 0; i < summary->wait_count; i++) {
		const struct spy_summary_wait *wait = &summary->waits[i];

		if (wait->state != state || !wait->frame.ip)
			continue;
		put_prefix(out, pid);
		spy_buf_str(out, "    ");
		put_frame(out, &wait->frame);
		put_account(out, &wait->account);
		spy_buf_char(out, '\n');
	}
}

/* What was not seen or not kept: a line for each that is not 0. */
static void put_unseen(struct spy_buf *out, int32_t pid, const struct spy_summary *summary)
{
	const struct {
		uint64_t count;
		const char *what;
	} rows[] = {
		{summary->unseen.closes, " descriptors closed by calls that are not seen"},
		{summary->unseen.not_followed, " closed connections not followed to their end"},
		{summary->untracked, " sockets without room for a record"},
		{summary->stacks_dropped, " stacks without room"},
		{summary->lines_lost, " lines lost because the log could not be written"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].count)
			continue;
		put_prefix(out, pid);
		put_count(out, rows[i].count, "  not seen: ", rows[i].what);
		spy_buf_char(out, '\n');
	}
}

static void put_open(struct spy_buf *out, int32_t pid, const struct spy_summary *summary)
{
	const char *before = "  open by state: ";

	if (summary->open_at_exit)
		put_prefix(out, pid);
	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++) {
		if (!summary->open_by_state[state])
			continue;
		put_count(out, summary->open_by_state[state], before, " ");
		spy_buf_str(out, spy_state_name(state));
		before = ", ";
	}
	if (summary->open_at_exit)
		spy_buf_char(out, '\n');
	for (unsigned int i = 0; i < summary->open_listed; i++) {
		const struct spy_summary_socket *socket = &summary->open[i];

		put_prefix(out, pid);
		spy_buf_str(out, "  still open: descriptor ");
		spy_buf_int(out, socket->fd);
		spy_buf_str(out, " | ");
		spy_buf_str(out, spy_state_name(socket->state));
		spy_buf_str(out, " | ");
		put_conn(out, &socket->conn);
		spy_buf_char(out, '\n');
	}
	if (summary->open_at_exit > summary->open_listed) {
		put_prefix(out, pid);
		put_count(out, summary->open_at_exit - summary->open_listed, "  still open: ", " more\n");
	}
}

static void text_summary(struct spy_buf *out, const struct spy_origin *from, const struct spy_summary *summary)
{
	put_prefix(out, from->pid);
	put_count(out, summary->errors, "SUMMARY: tcpwaitspy: ", " errors, ");
	put_count(out, summary->warnings, "", " warnings, ");
	put_count(out, summary->notes, "", " notes in ");
	put_count(out, summary->connections, "", " connections\n");
	for (unsigned int i = 0; i < summary->place_count; i++) {
		put_prefix(out, from->pid);
		put_place(out, &summary->places[i]);
	}
	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++) {
		if (!summary->ledger.states[state].connections)
			continue;
		put_wait_state(out, from->pid, state, summary);
	}
	put_unseen(out, from->pid, summary);
	put_open(out, from->pid, summary);
}

const struct spy_format_ops spy_text_format = {
	.process = text_process,
	.call = text_call,
	.state = text_state,
	.finding = text_finding,
	.summary = text_summary,
};
