/*
 * The flight recorder: puts events into the file of `record=`, which is mapped, so that an event
 * costs no system call and outlives this process however it ends.
 *
 * Owns the mapping. A child of fork() has its parent's and writes into it under its own pid; where
 * the path has %p it opens its own at its first event. A mapping is never taken away, since other
 * threads may be writing into it; an idle page costs nothing.
 *
 * Locks: none for events; spy_recorder_open() wants one caller at a time. Signals: safe.
 */
#ifndef SPY_RECORD_RECORDER_H
#define SPY_RECORD_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "../format/format.h"
#include "ring.h"

struct spy_recorder_config {
	const char *path; /* with %p and %e; "" for none */
	const char *program; /* for %e */
	uint64_t size; /* of a new file, in bytes */
	void *(*memory)(size_t size); /* for what is kept as long as the process */
};

/*
 * Takes the settings. Without %p in the path the file is opened now, and what is in the way of that
 * becomes a line in complaints; with it, at the process' first event.
 */
void spy_recorder_init(const struct spy_recorder_config *config, int32_t pid, struct spy_buf *complaints);

extern _Atomic bool spy_recorder_on; /* wanted, and nothing has been in the way so far */

/* Any event shall be told to the recorder. */
static inline bool spy_recorder_is_on(void)
{
	return __builtin_expect(spy_recorder_on, 0);
}

/* True where this process shall open its file before its next event; and does. */
bool spy_recorder_is_to_open(int32_t pid);
void spy_recorder_open(int32_t pid, struct spy_buf *complaints);

/* What a call has beside its numbers. */
struct spy_record_parts {
	const int64_t *arg; /* SPY_CALL_ARGS of them, or NULL */
	const struct spy_addr *local;
	const struct spy_addr *peer;
	const struct spy_addr *target; /* NULL: none */
	uint32_t stack; /* 0: none */
};

/* The payload of a call or state; room for SPY_RECORD_CALL_MAX. Sets the bits in call->parts. Returns its length. */
size_t spy_record_encode(void *room, struct spy_record_call *call, const struct spy_record_parts *parts);

/* Puts a call. */
void spy_recorder_call(const struct spy_ring_stamp *stamp, struct spy_record_call *call,
		       const struct spy_record_parts *parts);

/* Puts an event: a call, or a state. */
void spy_recorder_event(const struct spy_event *ev, const struct spy_line_conn *conn, int32_t pid);

/* A line of the JSON log; its newline is left out. */
void spy_recorder_line(const struct spy_origin *from, const char *line, size_t len);

/*
 * Puts the frames of a stack (spy_json_stack()) and returns where, for spy_recorder_has(); 0: nowhere. A value is of
 * this process alone.
 */
uint64_t spy_recorder_stack(const struct spy_origin *from, const char *text, size_t len);

/* True where what was put there by this process is to be relied on: it is not near to being overwritten. */
bool spy_recorder_has(uint64_t where, int32_t pid);

/* True where the process with this pid has not told who it is; and its line, which is kept. */
bool spy_recorder_wants_process(int32_t pid);
/* In a fork's child: it has told nothing yet. */
void spy_recorder_forked(void);
void spy_recorder_process(const struct spy_origin *from, const char *line, size_t len);

#endif
