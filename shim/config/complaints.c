/*
 * What the parsers of options and suppressions share: the shape of a complaint and the names of
 * the rules. Called at start, before any hook.
 *
 * Locks: none. Signals: safe.
 */
#include "complaints.h"

#include <string.h>

#include "../../include/tcpwaitspy/rules.h"

/* Enough to recognize what one has written; the rest would only push the reason off the screen. */
#define QUOTE_MAX 80

size_t spy_complaint_begin(struct spy_buf *complaints)
{
	size_t line = complaints->len;

	spy_buf_str(complaints, "tcpwaitspy: ");
	return line;
}

void spy_complaint_end(struct spy_buf *complaints, size_t line)
{
	spy_buf_char(complaints, '\n');
	if (complaints->truncated)
		complaints->len = line;
}

void spy_complaint_quote(struct spy_buf *complaints, const char *text, size_t len)
{
	spy_buf_char(complaints, '"');
	spy_buf_plain(complaints, text, len < QUOTE_MAX ? len : QUOTE_MAX);
	spy_buf_str(complaints, len > QUOTE_MAX ? "...\"" : "\"");
}

void spy_complaint_valid_rules(struct spy_buf *complaints, const char *first)
{
	unsigned int i;

	spy_buf_str(complaints, "; valid are ");
	spy_buf_str(complaints, first);
	for (i = 0; i < SPY_RULE_COUNT; i++) {
		spy_buf_str(complaints, ", ");
		spy_buf_str(complaints, spy_rules[i].name);
	}
}

int spy_rule_by_name(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < SPY_RULE_COUNT; i++)
		if (strlen(spy_rules[i].name) == len && memcmp(spy_rules[i].name, name, len) == 0)
			return (int)i;
	return -1;
}
