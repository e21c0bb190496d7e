/*
 * What logs and flight records of any number of processes and hosts tell, put together: processes,
 * connections with their way through the states, findings by place, time in WAIT states.
 *
 * Made in three steps: model_open(), model_add() for each item, model_finish() once; then it is read
 * only. Writers of reports take a const struct model *. All lists are arrays with a count, and
 * whatever refers to an entry does so by its index; MODEL_NONE is no entry. Texts are indexes too
 * (model_text()), each text once. Times as in item.h. One thread.
 */
#ifndef TOOLS_MODEL_MODEL_H
#define TOOLS_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/finding.h"
#include "../../include/tcpwaitspy/states.h"
#include "../read/item.h"
#include "../symbols/symbols.h"

#define MODEL_NONE UINT32_MAX

/* A text; 0 is "there is none", for which model_text() returns NULL. */
typedef uint32_t model_text_id;

struct model_frame {
	model_text_id module; /* path */
	model_text_id build_id;
	model_text_id function; /* as the log had it */
	uint64_t offset;
	uint64_t function_offset;
	/* From symbols, innermost first; none where nothing was found. */
	const struct symbols_frame *names;
	size_t name_count;
};

/* One stack: indexes into frames, innermost first. Equal stacks are one. */
struct model_stack {
	const uint32_t *frames;
	size_t count;
};

struct model_process {
	uint32_t file; /* the input that it is from, as counted by model_next_file() */
	int pid;
	int ppid;
	model_text_id host; /* 0 where its first line is missing */
	model_text_id exe;
	model_text_id argv;
	model_text_id options;
	int64_t first_ns;
	int64_t last_ns;
	bool summarized; /* it has a summary: it ended, or was told to give one */
	model_text_id ended; /* "killed by SIGKILL", where `tcpwaitspy run` wrote the summary; 0: it did itself */
	uint64_t summary_errors, summary_warnings, summary_notes; /* of the last summary */
	uint64_t connections; /* as its summary says, else as counted */
	uint64_t open_at_exit;
	uint64_t unseen;
	uint64_t lost_lines;
};

enum model_event_kind { MODEL_CALL, MODEL_STATE };

/* A call on a connection, or a change of state without one. */
struct model_event {
	uint32_t conn; /* index */
	uint32_t tid;
	int64_t ts_ns; /* a call's return; of a change, when it was seen */
	uint64_t duration_ns; /* of a call; of a change, the time spent in the state before */
	int64_t ret;
	model_text_id call; /* name; 0 in MODEL_STATE */
	model_text_id error; /* errno's name; 0: it succeeded */
	model_text_id args; /* "len=128, flags=MSG_PEEK"; 0: none */
	int32_t fd;
	uint8_t kind; /* enum model_event_kind */
	int8_t state_before; /* enum spy_state or ITEM_NO_STATE */
	int8_t state;
	bool inferred;
	bool observed_eof;
	uint32_t stack; /* index into stacks; MODEL_NONE: it is not in the log */
};

/* The time that a connection spent in one state. */
struct model_span {
	uint32_t conn;
	uint8_t state; /* enum spy_state */
	bool inferred; /* that it came to this state was worked out */
	bool open; /* it was in this state when its log ended: to_ns is the end of what is known */
	int64_t from_ns;
	int64_t to_ns;
};

struct model_conn {
	uint32_t process;
	uint64_t id; /* #ID */
	model_text_id local; /* the last that was known, "address:port" */
	model_text_id peer;
	bool accepted;
	bool listener;
	int state; /* the last one; enum spy_state or ITEM_NO_STATE */
	int64_t first_ns;
	int64_t last_ns;
	uint32_t other; /* the other side of the same connection, where that was traced too */
	uint32_t first_event, event_count; /* into events, by time; none unless they are kept */
	uint32_t first_span, span_count; /* into spans, by time; the same */
	uint32_t first_finding; /* the first one about it; go on with model_finding.next_of_conn */
	uint32_t stacks[SPY_STORY_COUNT]; /* as of a finding: made, end of file first read, ended last; no `here` */
};

struct model_pair {
	model_text_id name;
	model_text_id value;
	bool is_text;
};

/* One finding as its process wrote it: the first one at its place there. */
struct model_finding {
	uint32_t process;
	uint32_t conn; /* MODEL_NONE: about none that is known */
	uint32_t group;
	uint32_t tally;
	uint32_t next_of_conn;
	uint32_t next_of_group;
	int64_t ts_ns;
	uint32_t tid;
	int32_t fd;
	int state;
	model_text_id cause; /* a word */
	model_text_id cause_text; /* the same in a sentence */
	model_text_id message;
	model_text_id remedy;
	uint32_t stacks[SPY_STORY_COUNT]; /* indexes into stacks; MODEL_NONE: there is none */
	enum spy_story place; /* the stack that it is charged to */
	uint32_t first_evidence, evidence_count; /* into evidence */
};

/*
 * Findings of one rule at one place, from all processes and hosts: the same file and line where they
 * are known, else the same offset of the same build, else the same function. In groups they are
 * sorted worst first: by severity, then count.
 */
struct model_group {
	model_text_id rule;
	enum spy_severity severity;
	uint32_t frame; /* the place; MODEL_NONE: no stack was taken */
	uint64_t count; /* how often; logs print a finding once and count it in the summary */
	bool at_least; /* a process of it has no summary that counts, so that it may have been more often */
	uint32_t process_count;
	uint32_t host_count;
	int64_t first_ns;
	int64_t last_ns;
	uint32_t first_finding; /* MODEL_NONE: only summaries tell of it */
	uint32_t finding_count;
};

/* A rule at a place in one process: what the groups are the sums of. */
struct model_tally {
	uint32_t process;
	uint32_t group;
	model_text_id rule;
	enum spy_severity severity;
	uint32_t frame;
	uint64_t lines; /* findings written */
	uint64_t count; /* of the last summary; 0: it does not tell */
	uint32_t summary; /* its number, while the model is made */
	int64_t first_ns;
	int64_t last_ns;
};

/* Time in a WAIT state; place by place (frame) in wait_places, in all (frame MODEL_NONE) in waits. */
struct model_wait {
	int state;
	uint32_t frame;
	uint64_t connections;
	uint64_t total_ns;
	uint64_t max_ns;
};

/* An arrow of the state diagram: how often it was taken, and the time spent before in `from`. */
struct model_transition {
	uint64_t count;
	uint64_t total_ns;
	uint64_t max_ns;
};

#define MODEL_LIST(type, name)                                                                                         \
	type *name;                                                                                                    \
	uint32_t name##_count

struct model {
	MODEL_LIST(struct model_process, processes);
	MODEL_LIST(struct model_conn, conns);
	MODEL_LIST(struct model_event, events); /* by connection, then time */
	MODEL_LIST(struct model_span, spans); /* by connection, then time */
	MODEL_LIST(struct model_finding, findings); /* in the order of the logs */
	MODEL_LIST(struct model_pair, evidence);
	MODEL_LIST(struct model_group, groups); /* worst first */
	MODEL_LIST(struct model_tally, tallies);
	MODEL_LIST(struct model_frame, frames);
	MODEL_LIST(struct model_stack, stacks);
	MODEL_LIST(struct model_wait, waits); /* from summaries; from what was seen where there is none */
	MODEL_LIST(struct model_wait, wait_places); /* most time first */
	struct model_transition transitions[SPY_STATE_COUNT][SPY_STATE_COUNT]; /* [from][to] */
	uint64_t item_count;
	int64_t first_ns;
	int64_t last_ns;
	struct symbols *symbols; /* those of model_finish(); NULL: none. For source lines */
	struct model_inside *inside; /* model.c's */
};

/* What model_add() leaves out. */
struct model_filter {
	int64_t since_ns; /* findings, calls and changes before it */
	const char *rule; /* findings of other rules; NULL: none */
	enum spy_severity severity; /* findings below it; SPY_NOTE: none */
	bool keep_events; /* events and spans are kept; a text report needs neither */
};

/* Never NULL: without memory the command ends. */
struct model *model_open(const struct model_filter *filter);
void model_close(struct model *model);

/* What is added from now on is from another file: its pids are other processes. */
void model_next_file(struct model *model);
void model_add(struct model *model, const struct item *item);

/* Groups, pairs and sorts. symbols (NULL: none) name the frames, and must live as long as the model. */
void model_finish(struct model *model, struct symbols *symbols);

/* NULL for 0. Valid UTF-8; control characters are as the program had them. */
const char *model_text(const struct model *model, model_text_id text);

/* The rule of that name as this version has it; NULL: a newer one's. */
const struct spy_rule_info *model_rule(const struct model *model, model_text_id rule);

/* The severity of that name; SPY_NOTE where it is unknown. */
enum spy_severity model_severity(const char *name);
const char *model_severity_name(enum spy_severity severity);

/* "created at" and so on; the name of a story as both logs and reports have it. */
const char *model_story_title(enum spy_story story);

/* The last component of a path; NULL for NULL. */
const char *model_basename(const char *path);

/*
 * Where a frame is, as a person wants to read it: the innermost source function, file and line, or what
 * the log had. Any of the three may be NULL or 0.
 */
struct model_spot {
	const char *function;
	const char *file;
	int line;
	int column;
};

struct model_spot model_spot(const struct model *model, uint32_t frame);

/* "function (file.c:12)", or "function+0x28 (module+0x13d0)", into text. Returns text. */
#define MODEL_SPOT_TEXT 512
char *model_spot_text(const struct model *model, uint32_t frame, char text[MODEL_SPOT_TEXT]);

#endif
