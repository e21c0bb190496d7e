/*
 * The formats: events, findings, the summary and the process become lines of text or JSON in a buffer of the
 * caller's. Values come in with their names; nothing is asked here and nothing is written.
 *
 * Locks: none. Signals: safe.
 */
#ifndef SPY_FORMAT_FORMAT_H
#define SPY_FORMAT_FORMAT_H

#include "../../include/tcpwaitspy/finding.h"
#include "../core/core.h"
#include "../observe/symbols.h"
#include "../spell/buf.h"
#include "../spell/spell.h"

#define SPY_STACK_FRAMES_ROOM 64

/* What a line says about the connection: a copy, since the record may go its way meanwhile. */
struct spy_line_conn {
	uint32_t id;
	bool accepted; /* the arrow: <- on one that this side accepted, and on listeners */
	struct spy_addr local;
	struct spy_addr peer;
	const char *note; /* the program's own text about it; NULL: none */
};

/* The stacks of a finding with their names. */
struct spy_named_stack {
	size_t count;
	struct spy_frame frames[SPY_STACK_FRAMES_ROOM];
};

struct spy_named_stacks {
	struct spy_named_stack story[SPY_STORY_COUNT];
};

/* One row of the summary: a rule at a place. */
struct spy_summary_place {
	enum spy_rule rule;
	enum spy_severity severity;
	uint64_t count;
	uint64_t first_wall_ns;
	uint64_t last_wall_ns;
	struct spy_frame frame; /* the innermost frame; module "" where there was no stack */
};

#define SPY_SUMMARY_PLACES 64 /* further ones are in the totals */
#define SPY_SUMMARY_OPEN   32

struct spy_summary_socket {
	struct spy_line_conn conn;
	int fd;
	enum spy_state state;
};

/* The time that connections spent in a state, by the place that put them there. */
struct spy_summary_wait {
	enum spy_state state;
	struct spy_account account;
	struct spy_frame frame;
};

struct spy_summary {
	bool interim; /* the process goes on: for the flight recorder, which a process that is killed leaves */
	uint64_t errors, warnings, notes, connections;
	uint64_t by_rule[SPY_RULE_COUNT];
	struct spy_summary_place places[SPY_SUMMARY_PLACES];
	unsigned int place_count;
	struct spy_ledger ledger;
	struct spy_summary_socket open[SPY_SUMMARY_OPEN];
	unsigned int open_listed;
	uint64_t open_at_exit;
	uint32_t open_by_state[SPY_STATE_COUNT]; /* the census */
	struct spy_summary_wait waits[SPY_WAIT_PLACES];
	unsigned int wait_count;
	struct spy_unseen unseen;
	uint64_t untracked;
	uint64_t stacks_dropped;
	uint64_t lines_lost;
};

/* Who the process is; texts are NUL-ended except argv, which holds argv_len bytes with NULs between. */
struct spy_process {
	const char *host;
	const char *exe;
	const char *argv;
	size_t argv_len;
	const char *options;
	int32_t ppid;
};

/* When and where a line comes from. */
struct spy_origin {
	uint64_t wall_ns;
	int32_t pid;
	uint32_t tid;
};

/* One format: how each kind of line is composed. A line ends with '\n'. */
struct spy_format_ops {
	void (*process)(struct spy_buf *out, const struct spy_origin *from, const struct spy_process *process);
	void (*call)(struct spy_buf *out, const struct spy_origin *from, const struct spy_event *ev,
		     const struct spy_line_conn *conn);
	void (*state)(struct spy_buf *out, const struct spy_origin *from, const struct spy_event *ev,
		      const struct spy_line_conn *conn);
	void (*finding)(struct spy_buf *out, const struct spy_origin *from, const struct spy_finding *finding,
			const struct spy_named_stacks *stacks);
	void (*summary)(struct spy_buf *out, const struct spy_origin *from, const struct spy_summary *summary);
};

extern const struct spy_format_ops spy_text_format;
extern const struct spy_format_ops spy_json_format;

/* json.c: the frames of a call's stack, into the call's line, which is the last in out. */
void spy_json_add_frames(struct spy_buf *out, const struct spy_named_stack *stack);
/* The same on its own, for the flight record: {"stack":N,"frames":[...]}. */
void spy_json_stack(struct spy_buf *out, uint32_t number, const struct spy_named_stack *stack);

/* names.c: spellings that both formats share. */
const char *spy_severity_name(enum spy_severity severity, bool upper);
const char *spy_story_member(enum spy_story story); /* "eof" */
const char *spy_story_title(enum spy_story story); /* "end of file read at" */

#endif
