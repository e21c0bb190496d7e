/*
 * Summaries: those that the shim wrote, and those that are counted here for a process that ended
 * without one.
 */
#include "render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../include/tcpwaitspy/rules.h"
#include "../../shim/spell/buf.h"
#include "../cli/words.h"

/* As many as the shim lists (shim/core's summary). */
#define OPEN_LISTED_MAX 64

static const char *plural(uint64_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

static void render_age(const struct render *render, uint64_t ns)
{
	char room[64];
	struct spy_buf age = SPY_BUF(room);

	spy_buf_age(&age, ns);
	out_print(&render->out, OUT_NORMAL, "%s", spy_buf_cstr(&age));
}

struct totals {
	uint64_t errors;
	uint64_t warnings;
	uint64_t notes;
	uint64_t connections;
};

static void render_totals(const struct render *render, int pid, const struct totals *totals, const char *how)
{
	const struct out *out = &render->out;

	render_prefix(render, pid);
	out_print(out, OUT_BOLD, "SUMMARY: tcpwaitspy: ");
	out_print(out, totals->errors ? OUT_ERROR : OUT_GOOD, "%" PRIu64 " errors", totals->errors);
	out_print(out, OUT_NORMAL, ", ");
	out_print(out, totals->warnings ? OUT_WARNING : OUT_GOOD, "%" PRIu64 " warnings", totals->warnings);
	out_print(out, OUT_NORMAL, ", %" PRIu64 " notes in %" PRIu64 " connections", totals->notes,
		  totals->connections);
	if (how)
		out_print(out, OUT_NORMAL, " (%s; counted by tcpwaitspy)", how);
	out_print(out, OUT_NORMAL, "\n");
}

static enum out_style rule_style(const char *rule)
{
	for (size_t i = 0; i < SPY_RULE_COUNT; i++)
		if (strcmp(spy_rules[i].name, rule) == 0)
			return spy_rules[i].severity == SPY_ERROR     ? OUT_ERROR
			       : spy_rules[i].severity == SPY_WARNING ? OUT_WARNING
								      : OUT_NOTE;
	return OUT_NORMAL;
}

static void render_place(const struct render *render, int pid, const char *rule, uint64_t count,
			 const struct item_frame *frame)
{
	render_prefix(render, pid);
	out_print(&render->out, OUT_NORMAL, "  ");
	out_plain(&render->out, rule_style(rule), rule);
	out_print(&render->out, OUT_NORMAL, ": %" PRIu64 " at ", count);
	if (frame->ip || frame->module)
		render_frame_and_line(render, frame);
	else
		out_print(&render->out, OUT_NORMAL, "a place not known");
}

static void render_account(const struct render *render, uint64_t connections, uint64_t total_ns, uint64_t max_ns)
{
	out_print(&render->out, OUT_NORMAL, ": %" PRIu64 " %s, total ", connections,
		  plural(connections, "connection", "connections"));
	render_age(render, total_ns);
	out_print(&render->out, OUT_NORMAL, ", longest ");
	render_age(render, max_ns);
	out_print(&render->out, OUT_NORMAL, "\n");
}

static void render_open(const struct render *render, int pid, const struct item_open *open, bool accepted)
{
	render_prefix(render, pid);
	out_print(&render->out, OUT_NORMAL, "  still open: descriptor %d | %s | ", open->fd,
		  spy_state_name((unsigned int)open->state));
	render_endpoints(render, open->conn, open->local, accepted, open->peer);
	out_print(&render->out, OUT_NORMAL, "\n");
}

static void render_unseen(const struct render *render, int pid, uint64_t count, const char *what)
{
	if (!count)
		return;
	render_prefix(render, pid);
	out_print(&render->out, OUT_NORMAL, "  not seen: %" PRIu64 " %s\n", count, what);
}

static void render_waits(const struct render *render, int pid, const struct item_summary *summary)
{
	for (size_t i = 0; i < summary->wait_count; i++) {
		const struct item_wait *wait = &summary->waits[i];

		if (!wait->connections)
			continue;
		render_prefix(render, pid);
		out_print(&render->out, OUT_NORMAL, "  %s", spy_state_name((unsigned int)wait->state));
		render_account(render, wait->connections, wait->total_ns, wait->max_ns);
		for (size_t j = 0; j < summary->wait_place_count; j++) {
			const struct item_wait *place = &summary->wait_places[j];

			if (place->state != wait->state || !place->frame.ip)
				continue;
			render_prefix(render, pid);
			out_print(&render->out, OUT_NORMAL, "    ");
			render_frame_and_line(render, &place->frame);
			render_account(render, place->connections, place->total_ns, place->max_ns);
		}
	}
}

/* What was not seen or not kept: a line for each that is not 0. */
static void render_all_unseen(const struct render *render, int pid, const struct item_summary *summary)
{
	static const struct {
		const char *name;
		const char *what;
	} rows[] = {
		{"not_followed", "closed connections not followed to their end"},
		{"untracked", "sockets without room for a record"},
		{"stacks", "stacks without room"},
		{"lines", "lines lost because the log could not be written"},
	};

	render_unseen(render, pid, summary->unseen, "descriptors closed by calls that are not seen");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t j = 0; j < summary->lost.count; j++)
			if (strcmp(rows[i].name, summary->lost.pairs[j].name) == 0)
				render_unseen(render, pid, strtoull(summary->lost.pairs[j].value, NULL, 10),
					      rows[i].what);
}

static void render_census(const struct render *render, int pid, const struct item_pairs *open_by_state)
{
	for (size_t i = 0; i < open_by_state->count; i++) {
		if (i == 0)
			render_prefix(render, pid);
		out_print(&render->out, OUT_NORMAL, "%s", i ? ", " : "  open by state: ");
		out_plain(&render->out, OUT_NORMAL, open_by_state->pairs[i].value);
		out_print(&render->out, OUT_NORMAL, " ");
		out_plain(&render->out, OUT_NORMAL, open_by_state->pairs[i].name);
	}
	if (open_by_state->count)
		out_print(&render->out, OUT_NORMAL, "\n");
}

static void render_rest(const struct render *render, int pid, uint64_t count)
{
	if (!count)
		return;
	render_prefix(render, pid);
	out_print(&render->out, OUT_NORMAL, "  still open: %" PRIu64 " more\n", count);
}

void render_summary(const struct render *render, const struct item *item, const struct tally_process *process)
{
	const struct item_summary *summary = &item->summary;
	const struct totals totals = {
		.errors = summary->errors,
		.warnings = summary->warnings,
		.notes = summary->notes,
		.connections = summary->connections,
	};

	render_totals(render, item->pid, &totals, NULL);
	for (size_t i = 0; i < summary->place_count; i++) {
		const struct item_place *place = &summary->places[i];

		render_place(render, item->pid, place->rule, place->count, &place->frame);
		if (place->count > 1) {
			out_print(&render->out, OUT_NORMAL, ", first ");
			render_time(render, place->first_ns);
			out_print(&render->out, OUT_NORMAL, ", last ");
			render_time(render, place->last_ns);
		}
		out_print(&render->out, OUT_NORMAL, "\n");
	}
	render_waits(render, item->pid, summary);
	render_all_unseen(render, item->pid, summary);
	render_census(render, item->pid, &summary->open_by_state);
	for (size_t i = 0; i < summary->open_count; i++) {
		const struct item_open *open = &summary->open[i];
		const struct tally_conn *conn = tally_conn(process, open->conn);

		render_open(render, item->pid, open,
			    open->state == SPY_STATE_LISTEN || (conn && (conn->accepted || conn->listens)));
	}
	render_rest(render, item->pid,
		    summary->open_at_exit > summary->open_count ? summary->open_at_exit - summary->open_count : 0);
}

static struct totals totals_of(const struct tally_process *process)
{
	return (struct totals){
		.errors = process->errors,
		.warnings = process->warnings,
		.notes = process->notes,
		.connections = process->connections,
	};
}

static bool is_open(const struct tally_conn *conn)
{
	return conn->id && !conn->closed && conn->state != ITEM_NO_STATE;
}

static int by_id(const void *a, const void *b)
{
	const struct tally_conn *first = *(const struct tally_conn *const *)a;
	const struct tally_conn *second = *(const struct tally_conn *const *)b;

	return (first->id > second->id) - (first->id < second->id);
}

static void render_counted_open(const struct render *render, const struct tally_process *process)
{
	unsigned int by_state[SPY_STATE_COUNT] = {0};
	struct item_pair pairs[SPY_STATE_COUNT];
	char values[SPY_STATE_COUNT][16];
	struct item_pairs census = {.pairs = pairs};
	const struct tally_conn **open;
	size_t count = 0;

	for (size_t i = 0; i < process->conn_slots; i++)
		if (is_open(&process->conns[i]))
			by_state[process->conns[i].state]++;
	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++) {
		if (!by_state[state])
			continue;
		snprintf(values[state], sizeof(values[state]), "%u", by_state[state]);
		pairs[census.count++] = (struct item_pair){.name = spy_state_name(state), .value = values[state]};
	}
	render_census(render, process->pid, &census);
	open = words_room((process->conn_count + 1) * sizeof(struct tally_conn *));
	for (size_t i = 0; i < process->conn_slots; i++)
		if (is_open(&process->conns[i]))
			open[count++] = &process->conns[i];
	qsort(open, count, sizeof(struct tally_conn *), by_id);
	for (size_t i = 0; i < count && i < OPEN_LISTED_MAX; i++)
		render_open(render, process->pid,
			    &(struct item_open){.conn = open[i]->id,
						.fd = open[i]->fd,
						.state = open[i]->state,
						.local = open[i]->local,
						.peer = open[i]->peer},
			    open[i]->accepted || open[i]->listens);
	render_rest(render, process->pid, count > OPEN_LISTED_MAX ? count - OPEN_LISTED_MAX : 0);
	free(open);
}

void render_counted(const struct render *render, const struct tally_process *process, const char *how)
{
	const struct totals totals = totals_of(process);

	render_totals(render, process->pid, &totals, how);
	for (const struct tally_place *place = process->places; place; place = place->next) {
		render_place(render, process->pid, place->rule, place->count, &place->frame);
		out_print(&render->out, OUT_NORMAL, "\n");
	}
	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++) {
		const struct tally_wait *wait = &process->waits[state];

		if (!wait->connections)
			continue;
		render_prefix(render, process->pid);
		out_print(&render->out, OUT_NORMAL, "  %s", spy_state_name(state));
		render_account(render, wait->connections, wait->total_ns, wait->max_ns);
	}
	render_counted_open(render, process);
}
