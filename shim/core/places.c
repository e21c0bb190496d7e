/*
 * The table of places; see places.h. A program has few places with faults, so they are searched
 * one after another.
 */
#include "places.h"

#include <stddef.h>

bool spy_places_has(const struct spy_places *places, enum spy_rule rule, uint32_t stack)
{
	for (uint32_t i = 0; i < places->count; i++)
		if (places->entries[i].rule == rule && places->entries[i].stack == stack)
			return true;
	return false;
}

struct spy_place *spy_places_find(struct spy_places *places, enum spy_rule rule, enum spy_severity severity,
				  uint32_t stack)
{
	for (uint32_t i = 0; i < places->count; i++) {
		struct spy_place *place = &places->entries[i];

		if (place->rule == rule && place->severity == severity && place->stack == stack)
			return place;
	}
	return NULL;
}

struct spy_place *spy_places_count(struct spy_places *places, enum spy_rule rule, enum spy_severity severity,
				   uint32_t stack)
{
	struct spy_place *place = spy_places_find(places, rule, severity, stack);

	if (place) {
		place->count++;
		return place;
	}
	if (places->count >= SPY_PLACES_MAX) {
		places->crowded_out++;
		return NULL;
	}
	place = &places->entries[places->count++];
	place->rule = rule;
	place->severity = severity;
	place->stack = stack;
	place->count = 1;
	place->suppressed = false;
	return place;
}
