/*
 * Places: where findings were, each with its count, so that the same fault at the same place is
 * one finding however often it happens.
 *
 * Locks: the core's, held by the caller.
 */
#ifndef SPY_CORE_PLACES_H
#define SPY_CORE_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/finding.h"

#define SPY_PLACES_MAX 1024u /* further places are counted together by rule, without a place */

struct spy_place {
	enum spy_rule rule;
	enum spy_severity severity;
	uint32_t stack;
	uint64_t count;
	uint64_t first_wall_ns; /* CLOCK_REALTIME; set by whoever counts */
	uint64_t last_wall_ns;
	bool suppressed; /* a suppression matched when it was first seen */
};

struct spy_places {
	struct spy_place entries[SPY_PLACES_MAX];
	uint32_t count;
	uint64_t crowded_out; /* findings for whose place there was no room */
};

/*
 * Counts a finding of a rule at a stack. Returns its place with the count raised; count is 1 the
 * first time. NULL where the table is full and the place is new: it is counted in crowded_out.
 */
struct spy_place *spy_places_count(struct spy_places *places, enum spy_rule rule, enum spy_severity severity,
				   uint32_t stack);

/* True where a rule has fired at a stack. */
bool spy_places_has(const struct spy_places *places, enum spy_rule rule, uint32_t stack);

/* The place of a rule at a stack, NULL where it has never been counted. */
struct spy_place *spy_places_find(struct spy_places *places, enum spy_rule rule, enum spy_severity severity,
				  uint32_t stack);

#endif
