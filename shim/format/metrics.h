/*
 * The metrics: what a process has to tell a monitoring system, in Prometheus' text format.
 * docs/fleet.md lists them; names and units are by
 * https://prometheus.io/docs/practices/naming/.
 *
 * Each sample has the labels host, pid and program, so that the files of several processes in one
 * directory are told apart by whoever collects them. Pure but for what is in struct spy_metrics.
 */
#ifndef SPY_FORMAT_METRICS_H
#define SPY_FORMAT_METRICS_H

#include "../core/counts.h"
#include "format.h"

#define SPY_METRICS_PLACES 64 /* the first ones; findings at further places are in the totals by rule */

struct spy_metrics_place {
	enum spy_rule rule;
	enum spy_severity severity;
	uint64_t count;
	uint32_t stack; /* what frame was named from */
	struct spy_frame frame; /* module "" where the place is not known */
};

/* A process at one moment. */
struct spy_metrics {
	const char *host;
	const char *program;
	int32_t pid;
	bool is_over; /* the program ends: this is the last word */
	uint64_t wall_ns; /* now */
	uint64_t start_wall_ns;
	uint64_t accepted, opened;
	uint64_t by_state[SPY_STATE_COUNT];
	uint64_t oldest_ns[SPY_STATE_COUNT]; /* of the WAIT states: since when the one that came first is in it */
	struct spy_histogram stays[SPY_STATE_COUNT];
	uint64_t findings[SPY_RULE_COUNT][SPY_ERROR + 1];
	struct spy_metrics_place places[SPY_METRICS_PLACES];
	unsigned int place_count;
	const struct spy_counts *counts;
	struct spy_unseen unseen;
	uint64_t untracked;
	uint64_t stacks_dropped;
	uint64_t places_dropped;
	uint64_t lines_lost;
	uint64_t writes_failed; /* of this very file */
};

/* Rooms that hold any metrics: 64 places, and every error of every call. */
#define SPY_METRICS_ROOM (1024 * 1024)

/* The whole file. Places with the same rule, severity and frame become one. */
void spy_metrics_render(struct spy_buf *out, const struct spy_metrics *metrics);

#endif
