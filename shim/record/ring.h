/*
 * The ring of a flight record, in memory: threads and processes put events into it without a lock
 * and without a system call. The format is include/tcpwaitspy/record.h's.
 *
 * A writer takes positions by one atomic addition, in blocks, so that threads on other cores rarely
 * meet there, and then the slot itself by comparing and swapping its word. Only one writer can have
 * a slot: one that was held up for a whole lap of the ring finds the newer event's word and takes
 * another position; a slot whose writer died, or sleeps in the middle of an event, is passed by.
 *
 * Locks: none. Signals: safe, also in the middle of an event; a handler that leaves by longjmp costs
 * that slot. Pure: knows memory and nothing of files.
 */
#ifndef SPY_RECORD_RING_H
#define SPY_RECORD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/record.h"

struct spy_ring {
	struct spy_record_header *header; /* mapped; the slots follow as the header says */
	uint8_t *slots;
	uint64_t count;
	uint64_t block; /* positions that a thread takes at once */
	uint32_t id; /* tells the rings of a process apart; not 0 */
};

/* The positions that a thread has taken and not used yet; zeros at the start. */
struct spy_ring_share {
	volatile uint64_t next;
	volatile uint64_t end;
	volatile uint32_t ring;
};

/* How many slots a file of that size has, 0 where it is too small for a ring. */
uint64_t spy_ring_slots(uint64_t file_size);

/* Writes the header of a new record over zeroed memory, the magic last. */
void spy_ring_format(void *memory, uint64_t slot_count, uint64_t created_ns);

/* The ring in mapped memory that spy_ring_check() found to be good. */
void spy_ring_attach(struct spy_ring *ring, void *memory, uint32_t id);

enum spy_ring_verdict {
	SPY_RING_GOOD,
	SPY_RING_FOREIGN, /* no record at all */
	SPY_RING_OTHER, /* of another version or build */
	SPY_RING_DAMAGED, /* it does not fit its file */
};

/*
 * Judges the first SPY_RECORD_HEADER_SIZE bytes of a file (fewer are FOREIGN). scratch is as large as that:
 * the stack of a program's coroutine may not have so much.
 */
enum spy_ring_verdict spy_ring_check(const void *head, size_t len, uint64_t file_size, char *scratch);

/* When and whose an event is. */
struct spy_ring_stamp {
	uint64_t wall_ns;
	int32_t pid;
	uint32_t tid;
};

/*
 * Puts an event whole, or counts it in `lost`: where no slot could be had, and where it would fill
 * more than a quarter of the ring. Returns how many positions have been taken so far, by all.
 */
uint64_t spy_ring_put(const struct spy_ring *ring, struct spy_ring_share *share, enum spy_record_kind kind,
		      const struct spy_ring_stamp *stamp, const void *payload, size_t len);

#endif
