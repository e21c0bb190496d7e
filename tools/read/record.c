/*
 * The flight record as a source of items. It may be in use, cut short, damaged, or of a version that
 * is not known here; from a pipe it is put into a file without a name first, since its events do not
 * stand in their order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json_item.h"
#include "reader.h"
#include "record_decode.h"
#include "record_index.h"

struct record_reader {
	int fd;
	uint64_t size;
	struct spy_record_header header;
	const char *unreadable; /* why not a single event can be */
	struct record_calls calls;
	struct room names; /* for calls */
	struct record_index index;
	size_t at; /* the next entry */
	bool scanned;
	struct record_entry *told; /* the process records that were handed on: they are written again and again */
	size_t told_count;
	struct room room; /* of the item */
	json_object *record;
	json_tokener *tokener;
	uint64_t damaged;
	uint64_t unknown;
	char trouble[512];
};

static bool record_knows(const char *head, size_t len)
{
	return len >= strlen(SPY_RECORD_MAGIC) && memcmp(head, SPY_RECORD_MAGIC, strlen(SPY_RECORD_MAGIC)) == 0;
}

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t done = write(fd, bytes, len);

		if (done == -1 && errno != EINTR)
			return false;
		bytes += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

/* A file of the same bytes that can be read at any place; fd is closed. -1 and errno where none can be had. */
static int spool(int fd, const char *head, size_t head_len)
{
	FILE *file = tmpfile();
	int copy = file ? dup(fileno(file)) : -1;
	bool good = copy != -1 && write_all(copy, head, head_len);
	char bytes[65536];
	ssize_t got = 1;

	while (good && got != 0) {
		got = read(fd, bytes, sizeof(bytes));
		if (got > 0)
			good = write_all(copy, bytes, (size_t)got);
		else if (got == -1 && errno != EINTR)
			good = false;
	}
	if (file)
		fclose(file);
	close(fd);
	if (!good && copy != -1) {
		close(copy);
		copy = -1;
	}
	return copy;
}

/* The header; what makes the whole file unreadable is told as its trouble, since an item never comes. */
static void read_header(struct record_reader *reader)
{
	struct spy_record_header *header = &reader->header;
	uint64_t slots = 0;
	char *calls;

	reader->unreadable = "cut short in its header";
	if (pread(reader->fd, header, sizeof(*header), 0) != (ssize_t)sizeof(*header))
		return;
	reader->unreadable = "of a version that is not known here";
	if (header->version != SPY_RECORD_VERSION)
		return;
	reader->unreadable = "damaged in its header";
	if (header->header_size != SPY_RECORD_HEADER_SIZE || header->slot_size != SPY_RECORD_SLOT_SIZE ||
	    !header->slot_count || header->calls_size > SPY_RECORD_HEADER_SIZE - SPY_RECORD_CALLS_OFFSET)
		return;
	calls = room_get(&reader->names, header->calls_size + 1);
	if (pread(reader->fd, calls, header->calls_size, SPY_RECORD_CALLS_OFFSET) != (ssize_t)header->calls_size)
		return;
	reader->calls = record_calls_read(calls, header->calls_size, &reader->names);
	if (reader->size > SPY_RECORD_HEADER_SIZE)
		slots = (reader->size - SPY_RECORD_HEADER_SIZE) / SPY_RECORD_SLOT_SIZE;
	if (slots > header->slot_count)
		slots = header->slot_count;
	record_index_init(&reader->index, reader->fd, header->slot_count, slots);
	reader->unreadable = NULL;
}

static void record_close(void *opaque)
{
	struct record_reader *reader = opaque;

	json_object_put(reader->record);
	if (reader->tokener)
		json_tokener_free(reader->tokener);
	record_index_close(&reader->index);
	free(reader->told);
	room_close(&reader->room);
	room_close(&reader->names);
	if (reader->fd != -1)
		close(reader->fd);
	free(reader);
}

static void *record_open(int fd, const char *head, size_t head_len)
{
	struct record_reader *reader = calloc(1, sizeof(*reader));
	struct stat status;
	int error;

	if (!reader) {
		close(fd);
		errno = ENOMEM;
		return NULL;
	}
	reader->fd = head_len ? spool(fd, head, head_len) : fd;
	reader->tokener = json_tokener_new();
	if (reader->fd == -1 || !reader->tokener || fstat(reader->fd, &status) == -1) {
		error = errno;
		record_close(reader);
		errno = error;
		return NULL;
	}
	json_tokener_set_flags(reader->tokener, JSON_TOKENER_VALIDATE_UTF8);
	reader->size = (uint64_t)status.st_size;
	read_header(reader);
	return reader;
}

/* True the first time that a process tells who it is. */
static bool is_first_telling(struct record_reader *reader, const struct record_entry *entry)
{
	struct record_entry *more;

	for (size_t i = 0; i < reader->told_count; i++)
		if (reader->told[i].event.pid == entry->event.pid &&
		    reader->told[i].event.wall_ns == entry->event.wall_ns)
			return false;
	more = realloc(reader->told, (reader->told_count + 1) * sizeof(*more));
	if (more) {
		reader->told = more;
		reader->told[reader->told_count++] = *entry;
	}
	return true;
}

static bool take_line(struct record_reader *reader, const struct record_entry *entry, const char *line,
		      struct item *item)
{
	if (entry->event.kind == SPY_RECORD_PROCESS && !is_first_telling(reader, entry))
		return false;
	json_tokener_reset(reader->tokener);
	reader->record = json_tokener_parse_ex(reader->tokener, line, (int)entry->event.length);
	if (!reader->record) {
		reader->damaged++;
		return false;
	}
	switch (json_item_read(reader->record, &reader->room, item)) {
	case JSON_ITEM_READ:
		item->ts_ns = (int64_t)entry->event.wall_ns;
		return true;
	case JSON_ITEM_UNKNOWN:
		reader->unknown++;
		return false;
	default:
		reader->damaged++;
		return false;
	}
}

static bool take_stack(struct record_reader *reader, const struct record_entry *entry, const char *text,
		       struct item *item)
{
	json_tokener_reset(reader->tokener);
	reader->record = json_tokener_parse_ex(reader->tokener, text, (int)entry->event.length);
	item->type = ITEM_STACK;
	json_item_read_stack(reader->record, &reader->room, item);
	if (!item->frames.count)
		reader->damaged++;
	return item->frames.count > 0;
}

static bool take(struct record_reader *reader, const struct record_entry *entry, struct item *item)
{
	uint8_t *payload;

	json_object_put(reader->record);
	reader->record = NULL;
	room_reset(&reader->room);
	payload = room_get(&reader->room, entry->event.length + 1);
	if (!record_index_read(&reader->index, entry, payload))
		return false;
	*item = (struct item){
		.ts_ns = (int64_t)entry->event.wall_ns,
		.pid = entry->event.pid,
		.tid = (int)entry->event.tid,
		.state_before = ITEM_NO_STATE,
		.state = ITEM_NO_STATE,
	};
	switch (entry->event.kind) {
	case SPY_RECORD_CALL:
	case SPY_RECORD_STATE:
		if (record_decode_call(&entry->event, payload, &reader->calls, &reader->room, item))
			return true;
		reader->damaged++;
		return false;
	case SPY_RECORD_LINE:
	case SPY_RECORD_PROCESS:
		return take_line(reader, entry, (const char *)payload, item);
	case SPY_RECORD_STACK:
		return take_stack(reader, entry, (const char *)payload, item);
	default:
		reader->unknown++;
		return false;
	}
}

/* At the end of what a scan has found it says so once; asked again, it looks for more. */
static bool record_next(void *opaque, struct item *item)
{
	struct record_reader *reader = opaque;

	if (reader->unreadable)
		return false;
	if (!reader->scanned) {
		reader->scanned = true;
		reader->at = 0;
		record_index_scan(&reader->index);
	}
	while (reader->at < reader->index.count)
		if (take(reader, &reader->index.entries[reader->at++], item))
			return true;
	reader->scanned = false;
	return false;
}

static void record_end(void *opaque)
{
	(void)opaque; /* An event is whole or not there: nothing is waited for. */
}

static void record_progress(const void *opaque, uint64_t *done, uint64_t *size)
{
	const struct record_reader *reader = opaque;

	*size = reader->size;
	*done = reader->index.count ? reader->size / reader->index.count * reader->at : 0;
}

static uint64_t record_skipped(const void *opaque)
{
	const struct record_reader *reader = opaque;

	return reader->damaged + reader->index.damaged + reader->unknown;
}

static void add_trouble(struct record_reader *reader, size_t *len, const char *text, uint64_t number)
{
	const size_t size = sizeof(reader->trouble);

	if (*len < size)
		*len += (size_t)snprintf(reader->trouble + *len, size - *len, text, *len ? ", " : "",
					 (unsigned long long)number);
}

static const char *record_trouble(void *opaque)
{
	struct record_reader *reader = opaque;
	uint64_t damaged = reader->damaged + reader->index.damaged, lost = 0;
	size_t len = 0;

	if (reader->unreadable) {
		snprintf(reader->trouble, sizeof(reader->trouble), "a flight record %s", reader->unreadable);
		return reader->trouble;
	}
	if (damaged)
		add_trouble(reader, &len, "%s%llu damaged", damaged);
	if (reader->unknown)
		add_trouble(reader, &len, "%s%llu of a kind that is not known here", reader->unknown);
	if (reader->index.slot_count < reader->header.slot_count)
		add_trouble(reader, &len, "%scut short: room for %llu events is missing",
			    reader->header.slot_count - reader->index.slot_count);
	if (pread(reader->fd, &lost, sizeof(lost), offsetof(struct spy_record_header, lost)) == sizeof(lost) && lost)
		add_trouble(reader, &len, "%s%llu found no room in the record", lost);
	if (reader->index.error)
		add_trouble(reader, &len, "%sreading ended early: error %llu", (uint64_t)reader->index.error);
	return len ? reader->trouble : NULL;
}

const struct reader_format reader_record = {
	.knows = record_knows,
	.open = record_open,
	.close = record_close,
	.next = record_next,
	.end = record_end,
	.progress = record_progress,
	.skipped = record_skipped,
	.trouble = record_trouble,
};
