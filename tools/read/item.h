/*
 * One record of a process' story, whatever file it came from: a line of the JSON log or an event of
 * a flight record. Readers make items, everything behind them (model, reports, the terminal) knows
 * only items.
 *
 * Times are nanoseconds since 1970-01-01 UTC, durations nanoseconds. A text that the file does not
 * have is NULL. All that an item points to belongs to its reader and lives until the next item.
 */
#ifndef TOOLS_READ_ITEM_H
#define TOOLS_READ_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/finding.h"
#include "../../include/tcpwaitspy/states.h"

enum item_type {
	ITEM_PROCESS,
	ITEM_CALL,
	ITEM_STATE,
	ITEM_FINDING,
	ITEM_SUMMARY,
	ITEM_STACK, /* the frames of a stack's number; of flight records */
};

#define ITEM_NO_STATE (-1)

/* A place in the code, as an address in a file that can be named later and elsewhere. */
struct item_frame {
	uint64_t ip; /* in the process' memory; 0: unknown */
	const char *module; /* path; NULL: unknown */
	uint64_t offset; /* of ip in the module, as addr2line takes it */
	const char *build_id; /* hexadecimal */
	const char *function; /* as its author wrote it, where the log had what the linker has; NULL: none known */
	uint64_t function_offset;
};

struct item_stack {
	size_t count;
	const struct item_frame *frames;
};

/* A name and a value, as text: an argument of a call, a fact of a finding. */
struct item_pair {
	const char *name;
	const char *value;
	bool is_text; /* it was a string, not a number */
};

struct item_pairs {
	size_t count;
	const struct item_pair *pairs;
};

struct item_process {
	const char *host;
	const char *exe;
	const char *argv; /* joined by spaces, quoted as a shell would want it where needed */
	int ppid;
	const char *version;
	const char *options;
};

struct item_call {
	const char *name;
	int fd;
	struct item_pairs args;
	int64_t ret;
	const char *error; /* errno's name; NULL: none */
	uint64_t duration_ns;
	bool observed_eof;
};

struct item_finding {
	const char *rule; /* a name, since a newer version's log may have rules that are not known here */
	const char *severity; /* "error", "warning" or "note" */
	int fd;
	const char *cause; /* a word */
	const char *cause_text; /* the same in a sentence */
	const char *message;
	const char *remedy;
	uint64_t count;
	enum spy_story place; /* which stack it is charged to; that one is not empty unless all are */
	struct item_stack stacks[SPY_STORY_COUNT];
	struct item_pairs evidence;
};

/* A row of the summary's by_place. */
struct item_place {
	const char *rule;
	const char *severity;
	uint64_t count;
	int64_t first_ns;
	int64_t last_ns;
	struct item_frame frame;
};

struct item_wait {
	int state; /* enum spy_state */
	uint64_t connections;
	uint64_t total_ns;
	uint64_t max_ns;
	struct item_frame frame; /* of wait_places; all zero in wait_states */
};

struct item_open {
	uint64_t conn;
	int fd;
	int state;
	const char *local;
	const char *peer;
};

struct item_summary {
	uint64_t errors;
	uint64_t warnings;
	uint64_t notes;
	uint64_t connections;
	size_t place_count;
	const struct item_place *places;
	size_t wait_count;
	const struct item_wait *waits; /* by state */
	size_t wait_place_count;
	const struct item_wait *wait_places;
	size_t open_count; /* listed ones */
	const struct item_open *open;
	uint64_t open_at_exit;
	uint64_t unseen;
	uint64_t lost_lines;
	bool interim; /* of a process that went on: from a flight record */
	const char *ended; /* how, where `tcpwaitspy run` counted for a process that could not; NULL: its own */
	struct item_pairs lost; /* all that was not kept, by its name in the JSON log */
	struct item_pairs open_by_state; /* counts by the state's name */
};

struct item {
	enum item_type type;
	int64_t ts_ns;
	int pid;
	int tid;
	uint64_t conn; /* 0: none */
	const char *local; /* "address:port"; NULL: none */
	const char *peer;
	bool accepted; /* known from accept() or the record; the JSON log tells it by its calls */
	int state_before; /* enum spy_state, or ITEM_NO_STATE */
	int state;
	bool inferred; /* state was worked out and not told by the kernel */
	uint64_t dwell_ns; /* of state_before, in ITEM_STATE */
	uint32_t stack; /* of ITEM_CALL and ITEM_STACK: the stack's number in its process; 0: none */
	struct item_stack frames; /* of that number, where this item tells them */
	union {
		struct item_process process;
		struct item_call call;
		struct item_finding finding;
		struct item_summary summary;
	};
};

#endif
