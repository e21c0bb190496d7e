/*
 * Complaints: the lines on stderr about settings and suppressions that cannot be used. Each is one
 * whole line, "tcpwaitspy: ... \n", whatever bytes the user's text holds.
 *
 * Locks: none. Signals: safe, as the buffer is.
 */
#ifndef SPY_CONFIG_COMPLAINTS_H
#define SPY_CONFIG_COMPLAINTS_H

#include <stddef.h>

#include "../spell/buf.h"

/* Begins a line. Returns what spy_complaint_end() wants: where the line starts. */
size_t spy_complaint_begin(struct spy_buf *complaints);

/* Ends the line; one that has not fitted is taken back, since half a line would mislead. */
void spy_complaint_end(struct spy_buf *complaints, size_t line);

/* The user's text in quotes, made harmless, and cut where it is long. */
void spy_complaint_quote(struct spy_buf *complaints, const char *text, size_t len);

/* "; valid are FIRST, recv-after-close, ...": FIRST and the names of all rules. */
void spy_complaint_valid_rules(struct spy_buf *complaints, const char *first);

/* The enum spy_rule of that name, or -1. */
int spy_rule_by_name(const char *name, size_t len);

#endif
