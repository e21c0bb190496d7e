/*
 * From events and findings to lines: which lines the mode wants, and the names of a finding.
 *
 * Called without the core's lock, with signals blocked.
 */
#ifndef SPY_REPORT_REPORT_H
#define SPY_REPORT_REPORT_H

#include "../format/format.h"
#include "../preload/spy.h"

/* The process record: once, before any other line of this process. */
void spy_report_process(void);
bool spy_report_process_is_told(void);
/* The same for the flight record; start_ns is when this process began. */
void spy_report_process_to_record(uint64_t start_ns);

/* The log's format. */
const struct spy_format_ops *spy_report_format(void);

/*
 * The line of a call, or of a state seen without one, where the mode wants it; in one piece with the line of the
 * state that followed it at once (NULL: none did).
 */
void spy_report_event(const struct spy_event *ev, const struct spy_event *after, const struct spy_line_conn *conn);

/* Findings, with their stacks' names; those that a suppression matches are taken back. */
void spy_report_findings(const struct spy_outbox *out);

/* The summary as it is now. */
void spy_report_summary(void);

/* The same into the flight record alone, where more was found since: a killed program writes none at its end. */
void spy_report_interim(void);

/* A copy of what a line says about a record; the caller holds the lock. */
struct spy_line_conn spy_line_conn(const struct spy_conn *conn);

/* Sets aside the room for one report; called before a sandbox closes. */
void spy_report_reserve(void);

/* In a fork's child: its process record is still to come; and what it finds is its own. */
void spy_report_forked(void);
void spy_report_process_forked(void);

/* Reads the suppressions file; complaints as in spy_suppressions_parse(). */
void spy_report_load_suppressions(struct spy_buf *complaints);

#endif
