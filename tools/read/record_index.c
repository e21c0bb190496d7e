/*
 * Finding the whole events of a ring; see record_index.h.
 */
#include "record_index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_SLOTS 8192u
#define COPY_MAX    (UINT64_C(512) << 20) /* a record that is larger than this is read event by event */

struct slot {
	uint64_t word;
	struct spy_record_event event;
	uint8_t rest[SPY_RECORD_FIRST_ROOM];
};

_Static_assert(sizeof(struct slot) == SPY_RECORD_SLOT_SIZE, "slots follow each other in the file");

static void *get(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory) {
		fputs("tcpwaitspy: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return memory;
}

void record_index_init(struct record_index *index, int fd, uint64_t ring_count, uint64_t slot_count)
{
	*index = (struct record_index){.fd = fd, .ring_count = ring_count, .slot_count = slot_count};
	index->seen = get(slot_count * sizeof(*index->seen));
	if (slot_count * SPY_RECORD_SLOT_SIZE <= COPY_MAX)
		index->copy = get(slot_count * SPY_RECORD_SLOT_SIZE);
}

void record_index_close(struct record_index *index)
{
	free(index->seen);
	free(index->copy);
	free(index->entries);
}

static bool read_at(int fd, void *bytes, size_t len, uint64_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = pread(fd, (char *)bytes + done, len - done, (off_t)(offset + done));

		if (got == 0 || (got == -1 && errno != EINTR))
			return false;
		done += got > 0 ? (size_t)got : 0;
	}
	return true;
}

static uint64_t offset_of(uint64_t slot)
{
	return SPY_RECORD_HEADER_SIZE + slot * SPY_RECORD_SLOT_SIZE;
}

/* No event is longer than the ring, so that no damage makes the reader take memory for one. */
static bool is_sound(const struct record_index *index, const struct spy_record_event *event)
{
	size_t slots = 1;

	if (event->length > SPY_RECORD_FIRST_ROOM)
		slots +=
			(event->length - SPY_RECORD_FIRST_ROOM + SPY_RECORD_FURTHER_ROOM - 1) / SPY_RECORD_FURTHER_ROOM;
	return event->kind && event->slots == slots && slots <= index->slot_count;
}

static void add(struct record_index *index, size_t *room, const struct record_entry *entry)
{
	if (index->count == *room) {
		struct record_entry *more = get((*room * 2 + CHUNK_SLOTS) * sizeof(*more));

		if (index->count)
			memcpy(more, index->entries, index->count * sizeof(*more));
		free(index->entries);
		index->entries = more;
		*room = *room * 2 + CHUNK_SLOTS;
	}
	index->entries[index->count++] = *entry;
}

/* A whole slot: an event's first, or damage, or a further one that an event will ask for. */
static void look_at(struct record_index *index, uint64_t number, const struct slot *slot, size_t *room)
{
	struct record_entry entry = {.event = slot->event};

	if (!slot->word || slot->word == index->seen[number])
		return;
	index->seen[number] = slot->word;
	entry.position = slot->word / 4 - 1;
	if (slot->word < 4 || entry.position % index->ring_count != number) {
		index->damaged++;
		return;
	}
	if (slot->word & SPY_RECORD_FURTHER)
		return;
	if (is_sound(index, &entry.event))
		add(index, room, &entry);
	else
		index->damaged++;
}

/* The words of a chunk before and after it was copied: where they differ, or are odd, the copy says nothing. */
struct words {
	struct slot before[CHUNK_SLOTS];
	struct slot after[CHUNK_SLOTS];
};

static bool copy_chunk(const struct record_index *index, uint64_t first, size_t count, struct words *words,
		       struct slot *copy)
{
	const size_t len = count * sizeof(*copy);

	if (!read_at(index->fd, words->before, len, offset_of(first)) ||
	    !read_at(index->fd, copy, len, offset_of(first)) ||
	    !read_at(index->fd, words->after, len, offset_of(first)))
		return false;
	for (size_t i = 0; i < count; i++)
		if ((words->before[i].word & SPY_RECORD_BUSY) || words->before[i].word != words->after[i].word)
			copy[i].word = 0;
	return true;
}

static int by_thread(const void *a, const void *b)
{
	const struct record_entry *one = a, *other = b;

	if (one->event.pid != other->event.pid)
		return one->event.pid < other->event.pid ? -1 : 1;
	if (one->event.tid != other->event.tid)
		return one->event.tid < other->event.tid ? -1 : 1;
	return one->position < other->position ? -1 : one->position > other->position;
}

/* A process' own record comes first of all that happened at that moment, however late it was written again. */
static int by_time(const void *a, const void *b)
{
	const struct record_entry *one = a, *other = b;
	bool one_is_process = one->event.kind == SPY_RECORD_PROCESS;
	bool other_is_process = other->event.kind == SPY_RECORD_PROCESS;

	if (one->order_ns != other->order_ns)
		return one->order_ns < other->order_ns ? -1 : 1;
	if (one_is_process != other_is_process)
		return one_is_process ? -1 : 1;
	return one->position < other->position ? -1 : one->position > other->position;
}

/* In a thread positions tell the order even where somebody has put the clock back; from one thread to another time does. */
static void sort(struct record_index *index)
{
	uint64_t latest_ns = 0;

	if (!index->count)
		return;
	qsort(index->entries, index->count, sizeof(*index->entries), by_thread);
	for (size_t i = 0; i < index->count; i++) {
		struct record_entry *entry = &index->entries[i], *last = i ? entry - 1 : entry;

		if (last->event.pid != entry->event.pid || last->event.tid != entry->event.tid)
			latest_ns = 0;
		entry->order_ns = entry->event.wall_ns;
		if (entry->event.kind == SPY_RECORD_PROCESS)
			continue;
		if (entry->order_ns < latest_ns)
			entry->order_ns = latest_ns;
		latest_ns = entry->order_ns;
	}
	qsort(index->entries, index->count, sizeof(*index->entries), by_time);
}

/*
 * Events that are a lap behind go: their slots were to be overwritten, but the writer that has taken them was held up
 * or died, and what their threads did after them is gone. Neither a damaged header nor a damaged slot says alone how
 * far the ring has come.
 */
static void drop_overtaken(struct record_index *index)
{
	size_t kept = 0;

	for (size_t i = 0; i < index->count; i++)
		if (index->entries[i].position >= index->reached)
			index->reached = index->entries[i].position + 1;
	for (size_t i = 0; i < index->count; i++) {
		uint64_t reached = index->reached < index->next ? index->reached : index->next;

		if (index->entries[i].position + index->ring_count >= reached)
			index->entries[kept++] = index->entries[i];
	}
	index->count = kept;
}

bool record_index_scan(struct record_index *index)
{
	struct words *words = get(sizeof(*words));
	struct slot *scratch = get(CHUNK_SLOTS * sizeof(*scratch));
	size_t room = 0;
	uint64_t next = 0;
	bool is_new;

	read_at(index->fd, &next, sizeof(next), offsetof(struct spy_record_header, next));
	is_new = next != index->next || !index->entries;
	index->next = next;
	free(index->entries);
	index->entries = NULL;
	index->count = 0;
	for (uint64_t first = 0; is_new && first < index->slot_count; first += CHUNK_SLOTS) {
		uint64_t left = index->slot_count - first;
		size_t count = left < CHUNK_SLOTS ? (size_t)left : CHUNK_SLOTS;
		struct slot *copy = index->copy ? (struct slot *)(void *)index->copy + first : scratch;

		if (!copy_chunk(index, first, count, words, copy)) {
			index->error = errno;
			break;
		}
		for (size_t i = 0; i < count; i++)
			look_at(index, first + i, &copy[i], &room);
	}
	free(words);
	free(scratch);
	drop_overtaken(index);
	sort(index);
	return is_new;
}

/* Copies bytes of the slot at a position, whose word must be this one. */
static bool read_slot(const struct record_index *index, uint64_t position, uint64_t word, void *to, size_t from,
		      size_t size)
{
	uint64_t number = position % index->ring_count, now = 0;

	if (number >= index->slot_count)
		return false;
	if (index->copy) {
		const uint8_t *slot = index->copy + number * SPY_RECORD_SLOT_SIZE;

		memcpy(&now, slot, sizeof(now));
		memcpy(to, slot + from, size);
		return now == word;
	}
	/* The word that is right after the bytes were copied was so all the time: words only grow. */
	return read_at(index->fd, to, size, offset_of(number) + from) &&
	       read_at(index->fd, &now, sizeof(now), offset_of(number)) && now == word;
}

bool record_index_read(const struct record_index *index, const struct record_entry *entry, void *payload)
{
	uint8_t *to = payload;
	size_t left = entry->event.length;

	for (unsigned int i = 0; i < entry->event.slots; i++) {
		uint64_t position = entry->position + i;
		uint64_t word = (position + 1) * 4 + (i ? SPY_RECORD_FURTHER : 0);
		size_t from = i ? 8 : 8 + sizeof(struct spy_record_event);
		size_t size = left < SPY_RECORD_SLOT_SIZE - from ? left : SPY_RECORD_SLOT_SIZE - from;

		if (!read_slot(index, position, word, to, from, size))
			return false;
		to += size;
		left -= size;
	}
	return true;
}
