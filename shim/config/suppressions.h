/*
 * Suppressions: lines `rule:pattern` (rule may be `*`), where pattern is a glob (`*`, `?`) on
 * any function or module of a finding's stacks. `#` at the start of a word starts a comment, blank
 * lines are skipped, blanks around rule and pattern as well.
 *
 * Filled once at start, read without a lock after. Pure: the caller reads the file.
 */
#ifndef SPY_CONFIG_SUPPRESSIONS_H
#define SPY_CONFIG_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "../../include/tcpwaitspy/rules.h"
#include "../spell/buf.h"

#define SPY_SUPPRESSIONS_MAX 256

struct spy_suppression {
	int rule; /* enum spy_rule, or -1 for every rule */
	const char *pattern; /* in the caller's text, not NUL-ended */
	size_t pattern_len;
};

struct spy_suppressions {
	struct spy_suppression entries[SPY_SUPPRESSIONS_MAX];
	unsigned int count;
};

/*
 * Adds the lines of text, which must stay where it is, to set (zeroed before the first time). Each
 * bad line (no colon, an unknown rule, an empty pattern, the first one too many) becomes a line in
 * complaints with name and line number.
 */
void spy_suppressions_parse(struct spy_suppressions *set, const char *name, const char *text, size_t len,
			    struct spy_buf *complaints);

/*
 * True where an entry for the rule matches the function or the module of a frame. module is matched
 * as the whole path and as its last component. NULL is taken for "", which `*` alone matches: ask
 * once with NULL and NULL for a finding without a stack.
 */
bool spy_suppressions_match(const struct spy_suppressions *set, enum spy_rule rule, const char *function,
			    const char *module);

/*
 * Glob with `*` (any bytes) and `?` (one byte) on the whole of text; at most pattern_len times
 * strlen(text) steps, however many stars there are.
 */
bool spy_glob(const char *pattern, size_t pattern_len, const char *text);

#endif
