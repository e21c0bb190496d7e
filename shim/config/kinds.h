/*
 * The kinds of values that options have: how one is read, what is valid, how it is written. A row of
 * options.def names its kind KIND, which is spy_option_KIND here and the type spy_option_KIND_t in options.h.
 *
 * Locks: none. Signals: safe.
 */
#ifndef SPY_CONFIG_KINDS_H
#define SPY_CONFIG_KINDS_H

#include <stdbool.h>
#include <stdint.h>

#include "../spell/buf.h"
#include "options.h"

struct spy_option_kind {
	/* Sets the member and returns true, or returns false where the value is not valid. */
	bool (*read)(const struct spy_option_kind *kind, const char *value, void *member);
	/* Writes the member as it would be read; nothing where it is empty. */
	void (*print)(const struct spy_option_kind *kind, const void *member, struct spy_buf *out);
	const char *name; /* stands for a value in a usage line: "TIME"; NULL where there are choices */
	const char *valid; /* what a complaint says before "is valid" */
	const char *const *choices; /* instead: every value, NULL after the last */
	uint64_t min;
	uint64_t max;
};

extern const struct spy_option_kind spy_option_TEXT;
extern const struct spy_option_kind spy_option_RULES; /* spy_options_parse() reads the list itself */
extern const struct spy_option_kind spy_option_TIME;
extern const struct spy_option_kind spy_option_TIME_OR_0;
extern const struct spy_option_kind spy_option_SIZE;
extern const struct spy_option_kind spy_option_COUNT;
extern const struct spy_option_kind spy_option_EXIT;
extern const struct spy_option_kind spy_option_SWITCH;
extern const struct spy_option_kind spy_option_SIGNAL;
extern const struct spy_option_kind spy_option_CHOICE_FORMAT;
extern const struct spy_option_kind spy_option_CHOICE_CALLS;
extern const struct spy_option_kind spy_option_CHOICE_FLUSH;

/* "a time such as 500ms, 5s or 1m", "all, lifecycle or none": what is valid. */
void spy_option_print_valid(const struct spy_option_kind *kind, struct spy_buf *out);

#endif
