/*
 * From events and findings to lines; see report.h.
 */
#include "report.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../config/suppressions.h"
#include "../observe/kernel.h"
#include "../observe/proc.h"
#include "../observe/symbols.h"
#include "../preload/start.h"
#include "../sink/target.h"
#include "../sink/writer.h"
#include "../sys/apart.h"
#include "../sys/sys.h"
#include "recording.h"

#define REPORT_ROOM	  (1024 * 1024)
#define SUPPRESSIONS_ROOM 65536

static struct spy_suppressions suppressions;
static char *suppressions_text;

/* Where a report is composed: too much for a stack, and rare enough to ask the kernel for. */
struct workspace {
	struct spy_named_stacks stacks;
	struct spy_summary summary;
	uint32_t place_stacks[SPY_SUMMARY_PLACES];
	char text[REPORT_ROOM];
};

const struct spy_format_ops *spy_report_format(void)
{
	return spy_options.format == SPY_FORMAT_JSON ? &spy_json_format : &spy_text_format;
}

static struct spy_origin origin_now(void)
{
	return (struct spy_origin){spy_clock_wall(), spy_self_pid(), spy_self_tid()};
}

struct spy_line_conn spy_line_conn(const struct spy_conn *conn)
{
	return (struct spy_line_conn){
		.id = conn->id,
		.accepted = conn->flags & (SPY_CONN_ACCEPTED | SPY_CONN_LISTENER),
		.local = conn->local,
		.peer = conn->peer,
		.note = spy_annotation(&spy_core.annotations, conn),
	};
}

void spy_report_reserve(void)
{
	spy_room_reserve(sizeof(struct workspace));
}

static void name_stack(uint32_t number, struct spy_named_stack *named)
{
	struct spy_stack stack = spy_stacks_get(&spy_core.stacks, number);
	size_t count = stack.count < SPY_STACK_FRAMES_ROOM ? stack.count : SPY_STACK_FRAMES_ROOM;

	for (size_t i = 0; i < count; i++)
		spy_symbols_resolve(stack.frames[i], &named->frames[i]);
	named->count = spy_symbols_trim(named->frames, count);
}

static bool is_suppressed(enum spy_rule rule, const struct spy_named_stacks *stacks)
{
	for (unsigned int story = 0; story < SPY_STORY_COUNT; story++)
		for (size_t i = 0; i < stacks->story[story].count; i++) {
			const struct spy_frame *frame = &stacks->story[story].frames[i];

			if (spy_suppressions_match(&suppressions, rule, frame->function, frame->module))
				return true;
		}
	return false;
}

struct naming {
	const struct spy_finding *finding;
	struct spy_named_stacks *stacks;
};

static void name_stacks(void *data)
{
	const struct naming *naming = data;

	for (unsigned int story = 0; story < SPY_STORY_COUNT; story++)
		name_stack(naming->finding->stacks[story], &naming->stacks->story[story]);
}

static void report_finding(const struct spy_finding *finding, struct workspace *room)
{
	struct spy_origin from = {finding->wall_ns, spy_self_pid(), finding->tid};
	struct spy_buf out = {room->text, 0, sizeof(room->text), false};
	struct naming naming = {finding, &room->stacks};

	/* A program without a free descriptor, which may be the finding, keeps those that it has. */
	spy_apart_or_here(name_stacks, &naming);
	if (suppressions.count && is_suppressed(finding->rule, &room->stacks)) {
		spy_core_lock();
		spy_rules_suppress(&spy_core, finding);
		spy_core_unlock();
		return;
	}
	spy_report_format()->finding(&out, &from, finding, &room->stacks);
	spy_writer_put(out.data, out.len, true);
	if (spy_recorder_is_on()) {
		out = (struct spy_buf){room->text, 0, sizeof(room->text), false};
		spy_json_format.finding(&out, &from, finding, &room->stacks);
		spy_recording_line(&from, out.data, out.len);
	}
}

void spy_report_findings(const struct spy_outbox *out)
{
	struct workspace *room;

	if (!out->count)
		return;
	if (!spy_report_process_is_told())
		spy_report_process();
	room = spy_room_take(sizeof(*room));
	for (unsigned int i = 0; room && i < out->count; i++)
		report_finding(&out->findings[i], room);
	spy_room_give(room, sizeof(*room));
}

static void fill_open(struct spy_summary *summary, const struct spy_conn *conn)
{
	struct spy_summary_socket *socket;

	summary->open_at_exit++;
	summary->open_by_state[conn->state]++;
	if (summary->open_listed >= SPY_SUMMARY_OPEN)
		return;
	socket = &summary->open[summary->open_listed++];
	socket->conn = spy_line_conn(conn);
	socket->fd = conn->fd;
	socket->state = (enum spy_state)conn->state;
}

/* Copies the counts out of the core. The lock is held. */
static void fill_counts(struct spy_summary *summary)
{
	uint64_t now_ns = spy_clock_now();

	summary->errors = spy_core.by_severity[SPY_ERROR];
	summary->warnings = spy_core.by_severity[SPY_WARNING];
	summary->notes = spy_core.by_severity[SPY_NOTE];
	summary->connections = spy_core.connections;
	memcpy(summary->by_rule, spy_core.by_rule, sizeof(summary->by_rule));
	summary->ledger = spy_core.ledger;
	summary->unseen = spy_core.unseen;
	summary->untracked = spy_core.table.untracked;
	summary->stacks_dropped = spy_core.stacks.dropped + spy_core.places.crowded_out;
	summary->lines_lost = spy_writer_lost();
	for (uint32_t i = 0; i < spy_core.table.used; i++) {
		const struct spy_conn *conn = spy_table_at(&spy_core.table, i);

		if (!conn)
			continue;
		if (conn->descriptors || (conn->flags & SPY_CONN_FOLLOWED))
			spy_ledger_book(&summary->ledger, conn, now_ns);
		if (conn->descriptors && !(conn->flags & SPY_CONN_FORKED))
			fill_open(summary, conn);
	}
}

/* The places, worst first as they come, with the numbers of their stacks. The lock is held. */
static void fill_places(struct workspace *room)
{
	struct spy_summary *summary = &room->summary;

	for (int severity = SPY_ERROR; severity >= SPY_NOTE; severity--)
		for (uint32_t i = 0; i < spy_core.places.count; i++) {
			const struct spy_place *place = &spy_core.places.entries[i];

			if ((int)place->severity != severity || place->suppressed ||
			    summary->place_count >= SPY_SUMMARY_PLACES)
				continue;
			room->place_stacks[summary->place_count] = place->stack;
			summary->places[summary->place_count++] = (struct spy_summary_place){
				.rule = place->rule,
				.severity = place->severity,
				.count = place->count,
				.first_wall_ns = place->first_wall_ns,
				.last_wall_ns = place->last_wall_ns,
			};
		}
}

/* Each state's places, the longest total first. */
static void sort_waits(struct spy_ledger *ledger)
{
	for (uint32_t i = 1; i < ledger->place_count; i++)
		for (uint32_t at = i; at > 0; at--) {
			struct spy_wait_place *place = &ledger->places[at], *before = place - 1, moved = *place;

			if (before->state < place->state ||
			    (before->state == place->state && before->account.total_ns >= place->account.total_ns))
				break;
			*place = *before;
			*before = moved;
		}
}

static void name_waits(struct workspace *room)
{
	struct spy_summary *summary = &room->summary;

	sort_waits(&summary->ledger);
	for (uint32_t i = 0; i < summary->ledger.place_count; i++) {
		const struct spy_wait_place *place = &summary->ledger.places[i];
		struct spy_stack stack = spy_stacks_get(&spy_core.stacks, place->stack);
		struct spy_summary_wait *wait = &summary->waits[summary->wait_count++];

		wait->state = place->state;
		wait->account = place->account;
		if (stack.count)
			spy_symbols_resolve(stack.frames[0], &wait->frame);
	}
}

/* The functions of what a summary tells: of places, and of where connections began to wait. */
static void name_summary(void *data)
{
	struct workspace *room = data;

	for (unsigned int i = 0; i < room->summary.place_count; i++) {
		struct spy_stack stack = spy_stacks_get(&spy_core.stacks, room->place_stacks[i]);

		if (stack.count)
			spy_symbols_resolve(stack.frames[0], &room->summary.places[i].frame);
	}
	name_waits(room);
}

/* On stderr a program without a single TCP socket hears nothing of the shim. */
static bool has_something_to_say(void)
{
	return spy_target_is_file() ? spy_report_process_is_told() : spy_core.table.used > 0;
}

static void report_summary(bool to_log, bool to_record, bool interim)
{
	struct spy_origin from = origin_now();
	struct workspace *room = spy_room_take(sizeof(*room));
	struct spy_buf out;

	if (!room)
		return;
	room->summary.interim = interim;
	spy_core_lock();
	fill_counts(&room->summary);
	fill_places(room);
	spy_core_unlock();
	spy_apart_or_here(name_summary, room);
	if (to_log) {
		out = (struct spy_buf){room->text, 0, sizeof(room->text), false};
		spy_report_format()->summary(&out, &from, &room->summary);
		spy_writer_put(out.data, out.len, true);
	}
	if (to_record) {
		out = (struct spy_buf){room->text, 0, sizeof(room->text), false};
		spy_json_format.summary(&out, &from, &room->summary);
		spy_recording_line(&from, out.data, out.len);
	}
	spy_room_give(room, sizeof(*room));
}

void spy_report_summary(void)
{
	bool to_log = has_something_to_say();
	bool to_record = spy_recording_has_begun();

	if (!to_log && !to_record)
		return;
	if (to_log && !spy_report_process_is_told())
		spy_report_process();
	report_summary(to_log, to_record, false);
}

static _Atomic uint64_t told; /* findings in the last summary that went ahead of the end */

void spy_report_forked(void)
{
	told = 0;
	spy_report_process_forked();
}

void spy_report_interim(void)
{
	uint64_t found = 0;

	if (!spy_recording_has_begun())
		return;
	for (unsigned int severity = 0; severity <= SPY_ERROR; severity++)
		found += spy_core.by_severity[severity];
	if (found == told)
		return;
	told = found;
	report_summary(false, true, true);
}

void spy_report_load_suppressions(struct spy_buf *complaints)
{
	const char *path = spy_options.suppressions;
	size_t len;

	if (!path[0])
		return;
	suppressions_text = spy_memory_take(SUPPRESSIONS_ROOM);
	if (!suppressions_text)
		return;
	if (spy_sys4(SYS_faccessat, AT_FDCWD, path, R_OK, 0) < 0) {
		spy_buf_str(complaints, "tcpwaitspy: cannot read suppressions \"");
		spy_buf_plain(complaints, path, strlen(path));
		spy_buf_str(complaints, "\"; nothing is suppressed\n");
		return;
	}
	len = spy_proc_read(path, suppressions_text, SUPPRESSIONS_ROOM);
	spy_suppressions_parse(&suppressions, path, suppressions_text, len, complaints);
}
