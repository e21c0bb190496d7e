/*
 * Writing into the ring of a flight record; see ring.h.
 */
#include "ring.h"

#include <stdatomic.h>
#include <string.h>

#include "../../include/tcpwaitspy/calls.h"
#include "../spell/buf.h"

#define BLOCK_MAX 16u
#define MIN_SLOTS 1024u /* so that a summary has room beside the events */
#define ATTEMPTS  16

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the words of slots are taken without a lock");

uint64_t spy_ring_slots(uint64_t file_size)
{
	uint64_t count =
		file_size > SPY_RECORD_HEADER_SIZE ? (file_size - SPY_RECORD_HEADER_SIZE) / SPY_RECORD_SLOT_SIZE : 0;

	return count >= MIN_SLOTS ? count : 0;
}

static void put_calls(struct spy_buf *out)
{
	for (unsigned int i = 0; i < SPY_CALL_COUNT; i++) {
		spy_buf_str(out, spy_calls[i].name);
		for (unsigned int a = 0; a < SPY_CALL_ARGS && spy_calls[i].args[a].name; a++) {
			spy_buf_char(out, ' ');
			spy_buf_str(out, spy_calls[i].args[a].name);
		}
		spy_buf_char(out, '\n');
	}
}

void spy_ring_format(void *memory, uint64_t slot_count, uint64_t created_ns)
{
	struct spy_record_header *header = memory;
	uint64_t magic;
	struct spy_buf calls = {(char *)memory + SPY_RECORD_CALLS_OFFSET, 0,
				SPY_RECORD_HEADER_SIZE - SPY_RECORD_CALLS_OFFSET, false};

	put_calls(&calls);
	header->version = SPY_RECORD_VERSION;
	header->header_size = SPY_RECORD_HEADER_SIZE;
	header->slot_size = SPY_RECORD_SLOT_SIZE;
	header->calls_size = (uint32_t)calls.len;
	header->slot_count = slot_count;
	header->created_ns = created_ns;
	memcpy(&magic, SPY_RECORD_MAGIC, sizeof(magic));
	atomic_store_explicit((_Atomic uint64_t *)memory, magic, memory_order_release);
}

void spy_ring_attach(struct spy_ring *ring, void *memory, uint32_t id)
{
	ring->header = memory;
	ring->slots = (uint8_t *)memory + SPY_RECORD_HEADER_SIZE;
	ring->count = ring->header->slot_count;
	/* In a small ring idle threads must not sit on much of it. */
	ring->block = ring->count / 4096;
	if (ring->block > BLOCK_MAX)
		ring->block = BLOCK_MAX;
	if (!ring->block)
		ring->block = 1;
	ring->id = id;
}

enum spy_ring_verdict spy_ring_check(const void *head, size_t len, uint64_t file_size, char *scratch)
{
	struct spy_buf calls = {scratch, 0, SPY_RECORD_HEADER_SIZE - SPY_RECORD_CALLS_OFFSET, false};
	struct spy_record_header header;

	if (len < SPY_RECORD_HEADER_SIZE)
		return SPY_RING_FOREIGN;
	memcpy(&header, head, sizeof(header));
	if (memcmp(header.magic, SPY_RECORD_MAGIC, sizeof(header.magic)) != 0)
		return SPY_RING_FOREIGN;
	put_calls(&calls);
	if (header.version != SPY_RECORD_VERSION || header.header_size != SPY_RECORD_HEADER_SIZE ||
	    header.slot_size != SPY_RECORD_SLOT_SIZE || header.calls_size != calls.len ||
	    memcmp((const char *)head + SPY_RECORD_CALLS_OFFSET, calls.data, calls.len) != 0)
		return SPY_RING_OTHER;
	if (!header.slot_count || header.slot_count != spy_ring_slots(file_size))
		return SPY_RING_DAMAGED;
	return SPY_RING_GOOD;
}

static _Atomic uint64_t *shared(uint64_t *word)
{
	return (_Atomic uint64_t *)word;
}

static uint64_t first_word(uint64_t position)
{
	return (position + 1) * 4;
}

/* A reader that sees any byte of what follows also sees that the slot is being written. */
static void announce(void)
{
#ifndef __SANITIZE_THREAD__ /* It knows no fences; nor do the readers that this one is for run under it. */
	atomic_thread_fence(memory_order_release);
#endif
}

/* The slot of a position, marked as being written; NULL where another writer has it, or had it later. */
static uint8_t *take(const struct spy_ring *ring, uint64_t position)
{
	uint8_t *slot = ring->slots + position % ring->count * SPY_RECORD_SLOT_SIZE;
	_Atomic uint64_t *word = (_Atomic uint64_t *)(void *)slot;
	uint64_t old = atomic_load_explicit(word, memory_order_relaxed);

	if ((old & SPY_RECORD_BUSY) || old >= first_word(position))
		return NULL;
	if (!atomic_compare_exchange_strong_explicit(word, &old, first_word(position) | SPY_RECORD_BUSY,
						     memory_order_acquire, memory_order_relaxed))
		return NULL;
	announce();
	return slot;
}

static void finish(uint8_t *slot, uint64_t word)
{
	atomic_store_explicit((_Atomic uint64_t *)(void *)slot, word, memory_order_release);
}

/*
 * The next position of this thread. A handler may come at any point and take some as well: at worst
 * both have the same one, of which take() lets only one have the slot. `end` is set last, so that
 * no mixture of two blocks is ever taken for one.
 */
static uint64_t next_position(const struct spy_ring *ring, struct spy_ring_share *share, uint64_t taken)
{
	uint64_t position = share->next;

	/* What an idle thread has left from long ago would soon be overwritten. */
	if (share->ring == ring->id && position < share->end && taken - position < ring->count / 8) {
		share->next = position + 1;
		return position;
	}
	share->end = 0;
	position = atomic_fetch_add_explicit(shared(&ring->header->next), ring->block, memory_order_relaxed);
	share->ring = ring->id;
	share->next = position + 1;
	share->end = position + ring->block;
	return position;
}

static bool put_one(const struct spy_ring *ring, struct spy_ring_share *share, const struct spy_record_event *event,
		    const void *payload, uint64_t taken)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		uint64_t position = next_position(ring, share, taken);
		uint8_t *slot = take(ring, position);

		if (!slot)
			continue;
		memcpy(slot + 8, event, sizeof(*event));
		memcpy(slot + 8 + sizeof(*event), payload, event->length);
		finish(slot, first_word(position));
		return true;
	}
	return false;
}

/* Takes and fills the further slots, the last one first; false where one of them cannot be had. */
static bool put_further(const struct spy_ring *ring, uint64_t first, unsigned int slots, const uint8_t *payload,
			size_t len)
{
	for (unsigned int i = slots - 1; i > 0; i--) {
		size_t from = SPY_RECORD_FIRST_ROOM + (size_t)(i - 1) * SPY_RECORD_FURTHER_ROOM;
		size_t size = len - from < SPY_RECORD_FURTHER_ROOM ? len - from : SPY_RECORD_FURTHER_ROOM;
		uint8_t *slot = take(ring, first + i);

		if (!slot)
			return false; /* Those that are done belong to no event then. */
		memcpy(slot + 8, payload + from, size);
		finish(slot, first_word(first + i) | SPY_RECORD_FURTHER);
	}
	return true;
}

static bool put_many(const struct spy_ring *ring, struct spy_ring_share *share, const struct spy_record_event *event,
		     const void *payload)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		uint64_t first =
			atomic_fetch_add_explicit(shared(&ring->header->next), event->slots, memory_order_relaxed);
		uint8_t *slot;

		/* What is left of this thread's block lies before: its next event shall lie behind. */
		share->end = 0;
		if (!put_further(ring, first, event->slots, payload, event->length))
			continue;
		slot = take(ring, first);
		if (!slot)
			continue;
		memcpy(slot + 8, event, sizeof(*event));
		memcpy(slot + 8 + sizeof(*event), payload, SPY_RECORD_FIRST_ROOM);
		finish(slot, first_word(first));
		return true;
	}
	return false;
}

uint64_t spy_ring_put(const struct spy_ring *ring, struct spy_ring_share *share, enum spy_record_kind kind,
		      const struct spy_ring_stamp *stamp, const void *payload, size_t len)
{
	uint64_t taken = atomic_load_explicit(shared(&ring->header->next), memory_order_relaxed);
	struct spy_record_event event = {
		.kind = (uint16_t)kind,
		.slots = 1,
		.length = (uint32_t)len,
		.wall_ns = stamp->wall_ns,
		.pid = stamp->pid,
		.tid = stamp->tid,
	};
	size_t slots = 1;
	bool done = false;

	if (len <= SPY_RECORD_FIRST_ROOM) {
		done = put_one(ring, share, &event, payload, taken);
	} else {
		slots += (len - SPY_RECORD_FIRST_ROOM + SPY_RECORD_FURTHER_ROOM - 1) / SPY_RECORD_FURTHER_ROOM;
		event.slots = (uint16_t)slots;
		if (slots <= UINT16_MAX && slots <= ring->count / 4)
			done = put_many(ring, share, &event, payload);
	}
	if (!done)
		atomic_fetch_add_explicit(shared(&ring->header->lost), 1, memory_order_relaxed);
	return taken;
}
