/*
 * Snapshots for the metrics file; see snapshot.h.
 */
#include "snapshot.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "../format/metrics.h"
#include "../observe/kernel.h"
#include "../preload/own.h"
#include "../preload/start.h"
#include "../sink/metrics_file.h"
#include "../sink/writer.h"
#include "../sys/apart.h"
#include "../sys/sys.h"

#define LAST_TURN UINT64_MAX

struct spy_counts *spy_counts;

/* What a snapshot is made in: too much for a stack. */
struct workspace {
	struct spy_metrics metrics;
	struct utsname host;
	char text[SPY_METRICS_ROOM];
};

/* Names of places, found once: that takes reading a file. Places keep their order, so that few are ever new. */
static struct {
	struct spy_lock lock;
	struct {
		bool known;
		uint32_t stack;
		struct spy_frame frame;
	} place[SPY_METRICS_PLACES];
} names;

static uint64_t start_wall_ns;
static _Atomic bool begun; /* there is to be a file */
static uint64_t turns; /* guarded by the core's lock; LAST_TURN: the program's last word is spoken */

/* Kept in a child that a fork by any means makes, but empty: its calls are its own. */
static void take_counts(void)
{
	spy_counts = spy_memory_take(sizeof(*spy_counts));
	if (spy_counts)
		madvise(spy_counts, sizeof(*spy_counts), MADV_WIPEONFORK);
}

void spy_snapshot_init(struct spy_buf *complaints)
{
	struct spy_metrics_file_config config = {
		.path = spy_options.metrics,
		.program = spy_symbols_basename(spy_start_exe()),
		.keep_fd = spy_own_keep_high,
		.drop_fd = spy_own_drop,
	};

	start_wall_ns = spy_clock_wall();
	spy_metrics_file_open(&config, spy_self_pid(), complaints);
	if (spy_metrics_file_fd() >= 0)
		take_counts();
}

void spy_snapshot_begin(void)
{
	begun = spy_metrics_file_fd() >= 0;
}

void spy_snapshot_forked(void)
{
	begun = false;
	turns = 0;
	start_wall_ns = spy_clock_wall();
	spy_lock_reset(&names.lock);
	spy_metrics_file_forked(spy_self_pid());
}

/* A connection is counted where it is this process's: open here, or followed since it was closed here. */
static void fill_connection(struct spy_metrics *metrics, const struct spy_conn *conn, uint64_t now_ns)
{
	bool is_ours = conn->descriptors ? !(conn->flags & SPY_CONN_FORKED) : conn->flags & SPY_CONN_FOLLOWED;
	uint64_t age_ns = now_ns > conn->since_ns ? now_ns - conn->since_ns : 0;
	unsigned int state = conn->state;

	if (!is_ours)
		return;
	metrics->by_state[state]++;
	if (age_ns > metrics->oldest_ns[state])
		metrics->oldest_ns[state] = age_ns;
}

/* Findings by their places; those without one are what the rule's count has more. */
static void fill_findings(struct spy_metrics *metrics)
{
	uint64_t placed[SPY_RULE_COUNT] = {0};

	for (uint32_t i = 0; i < spy_core.places.count; i++) {
		const struct spy_place *place = &spy_core.places.entries[i];

		if (place->suppressed)
			continue;
		placed[place->rule] += place->count;
		metrics->findings[place->rule][place->severity] += place->count;
		if (metrics->place_count < SPY_METRICS_PLACES)
			metrics->places[metrics->place_count++] = (struct spy_metrics_place){
				.rule = place->rule,
				.severity = place->severity,
				.count = place->count,
				.stack = place->stack,
			};
	}
	for (unsigned int rule = 0; rule < SPY_RULE_COUNT; rule++)
		metrics->findings[rule][spy_rules[rule].severity] += spy_core.by_rule[rule] - placed[rule];
}

/* Copies out of the core. Returns the turn of this snapshot; 0: it comes after the last one. */
static uint64_t fill(struct spy_metrics *metrics)
{
	uint64_t now_ns = spy_clock_now(), turn;

	spy_core_lock();
	turn = turns == LAST_TURN ? 0 : turns + 1;
	turns = metrics->is_over ? LAST_TURN : turns + (turn != 0);
	metrics->accepted = spy_core.accepted;
	metrics->opened = spy_core.connections - spy_core.accepted;
	memcpy(metrics->stays, spy_core.ledger.stays, sizeof(metrics->stays));
	metrics->unseen = spy_core.unseen;
	metrics->untracked = spy_core.table.untracked;
	metrics->stacks_dropped = spy_core.stacks.dropped;
	metrics->places_dropped = spy_core.places.crowded_out;
	for (uint32_t i = 0; i < spy_core.table.used; i++) {
		const struct spy_conn *conn = spy_table_at(&spy_core.table, i);

		if (conn)
			fill_connection(metrics, conn, now_ns);
	}
	fill_findings(metrics);
	spy_core_unlock();
	return turn;
}

/* Takes what is known from the names, or adds to them; says whether all of them were. */
static bool share_names(struct spy_metrics *metrics, bool add)
{
	bool all_known = true;

	spy_lock_take(&names.lock);
	for (unsigned int i = 0; i < metrics->place_count; i++) {
		struct spy_metrics_place *place = &metrics->places[i];

		if (add) {
			names.place[i].known = true;
			names.place[i].stack = place->stack;
			names.place[i].frame = place->frame;
		} else if (names.place[i].known && names.place[i].stack == place->stack) {
			place->frame = names.place[i].frame;
		} else {
			all_known = false;
		}
	}
	spy_lock_give(&names.lock);
	return all_known;
}

static void find_names(void *data)
{
	struct spy_metrics *metrics = data;

	for (unsigned int i = 0; i < metrics->place_count; i++) {
		struct spy_stack stack = spy_stacks_get(&spy_core.stacks, metrics->places[i].stack);

		if (stack.count && !metrics->places[i].frame.ip)
			spy_symbols_resolve(stack.frames[0], &metrics->places[i].frame);
	}
}

static void name_places(struct spy_metrics *metrics)
{
	if (share_names(metrics, false))
		return;
	spy_apart_or_here(find_names, metrics);
	share_names(metrics, true);
}

void spy_snapshot_write(bool is_over)
{
	struct workspace *room;
	struct spy_metrics *metrics;
	struct spy_buf out;
	uint64_t turn;

	if (!begun)
		return;
	room = spy_room_take(sizeof(*room));
	if (!room)
		return;
	metrics = &room->metrics;
	metrics->host = spy_sys1(SYS_uname, &room->host) == 0 ? room->host.nodename : "";
	metrics->program = spy_symbols_basename(spy_start_exe());
	metrics->pid = spy_self_pid();
	metrics->is_over = is_over;
	metrics->wall_ns = spy_clock_wall();
	metrics->start_wall_ns = start_wall_ns;
	metrics->counts = spy_counts;
	metrics->lines_lost = spy_writer_lost();
	metrics->writes_failed = spy_metrics_file_failures();
	turn = fill(metrics);
	if (turn) {
		name_places(metrics);
		out = (struct spy_buf){room->text, 0, sizeof(room->text), false};
		spy_metrics_render(&out, metrics);
		if (!out.truncated)
			spy_metrics_file_write(out.data, out.len, turn);
	}
	spy_room_give(room, sizeof(*room));
}
