/*
 * The whole events of a flight record, in the order in which they happened. The file may be in use:
 * what is torn, overwritten meanwhile, or older than a lap of the ring is left out. Contract: include/tcpwaitspy/record.h.
 *
 * One thread for an index. Running out of memory ends the command, as in room.h.
 */
#ifndef TOOLS_READ_RECORD_INDEX_H
#define TOOLS_READ_RECORD_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/record.h"

struct record_entry {
	uint64_t position;
	uint64_t order_ns; /* its time, but never before that of an earlier event of its thread */
	struct spy_record_event event;
};

struct record_index {
	int fd;
	uint64_t ring_count; /* slots, as the header says */
	uint64_t slot_count; /* that the file has: fewer where it was cut short */
	uint64_t next; /* the header's, at the last scan */
	uint64_t reached; /* the position behind the newest event of all scans */
	uint64_t *seen; /* of each slot: the word that a scan has found */
	struct record_entry *entries; /* of the last scan */
	size_t count;
	uint8_t *copy; /* of all slots at the last scan; those that changed meanwhile have no word. NULL: too many */
	uint64_t damaged; /* slots, in all scans */
	int error; /* errno of a read that failed */
};

/* fd stays the caller's. */
void record_index_init(struct record_index *index, int fd, uint64_t ring_count, uint64_t slot_count);
void record_index_close(struct record_index *index);

/* Finds the events that have come since the last scan; entries are replaced. False: no position has been taken since. */
bool record_index_scan(struct record_index *index);

/* Copies an event's payload, event.length bytes. False: it has been overwritten meanwhile. */
bool record_index_read(const struct record_index *index, const struct record_entry *entry, void *payload);

#endif
