/*
 * The JSON log: finds the records in a file's lines. Usually a line is a record; it may also be the
 * program's own output (a log on stderr), have some in front of the record where that did not end with
 * a newline, be cut or full of NULs after a crash, or come from a newer version.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json_item.h"
#include "lines.h"
#include "reader.h"

/* The logs' version that this reader was written for. */
#define KNOWN_VERSION 1
#define RECORD_START  "{\"v\":"

struct json_reader {
	struct lines lines;
	struct line rest; /* of the line that is being read */
	struct json_tokener *tokener;
	json_object *record; /* the last item's */
	struct room room;
	uint64_t damaged;
	uint64_t unknown;
	uint64_t first_line; /* the first one that could not be read, and why */
	const char *first_why;
	int newest; /* version */
	char trouble[256];
};

static void count_damaged(struct json_reader *reader, const char *why)
{
	if (!reader->damaged++) {
		reader->first_line = reader->lines.number;
		reader->first_why = why;
	}
}

static void skip(struct json_reader *reader, size_t len)
{
	reader->rest.text += len;
	reader->rest.len -= len;
}

/* What stands where a record should: the program's own output, or part of a record. */
static void pass_text(struct json_reader *reader, size_t len)
{
	const char *text = reader->rest.text;

	if (memchr(text, '\0', len))
		count_damaged(reader, "NUL bytes");
	else if (memmem(text, len, "\"type\":\"", 8) && memmem(text, len, "\"pid\":", 6))
		count_damaged(reader, "a record without its beginning");
	skip(reader, len);
}

/* Moves to the next record in the rest of the line; false: there is none. */
static bool find_record(struct json_reader *reader)
{
	const struct line *rest = &reader->rest;
	const char *start = memmem(rest->text, rest->len, RECORD_START, strlen(RECORD_START));
	size_t blank = 0;

	if (rest->len && *rest->text == '{' && !start)
		return true; /* Perhaps with other spacing; the parser will see. */
	while (blank < rest->len && (rest->text[blank] == ' ' || rest->text[blank] == '\r'))
		blank++;
	if (!start || blank == rest->len) {
		if (blank < rest->len)
			pass_text(reader, rest->len);
		reader->rest.len = 0;
		return false;
	}
	if (start > rest->text)
		pass_text(reader, (size_t)(start - rest->text));
	return true;
}

/* Behind what is no record: at the next beginning of one, or at the end of the line. */
static void skip_to_next(struct json_reader *reader)
{
	const struct line *rest = &reader->rest;
	const char *next = memmem(rest->text + 1, rest->len - 1, RECORD_START, strlen(RECORD_START));

	skip(reader, next ? (size_t)(next - rest->text) : rest->len);
}

/* Parses what stands at the rest's beginning. NULL: no JSON. The rest goes on behind it. */
static json_object *parse(struct json_reader *reader)
{
	struct line *rest = &reader->rest;
	enum json_tokener_error error;
	json_object *record;

	json_tokener_reset(reader->tokener);
	record = json_tokener_parse_ex(reader->tokener, rest->text, (int)rest->len);
	error = json_tokener_get_error(reader->tokener);
	if (record && error == json_tokener_success) {
		skip(reader, json_tokener_get_parse_end(reader->tokener));
		return record;
	}
	if (rest->cut)
		count_damaged(reader, "longer than any record");
	else if (rest->len >= strlen(RECORD_START) && memcmp(rest->text, RECORD_START, strlen(RECORD_START)) == 0)
		count_damaged(reader, error == json_tokener_continue ? "cut short" : json_tokener_error_desc(error));
	skip_to_next(reader);
	return NULL;
}

/* The next item of the line; false: there is no more in it. */
static bool take(struct json_reader *reader, struct item *item)
{
	while (reader->rest.len && find_record(reader)) {
		json_object_put(reader->record);
		room_reset(&reader->room);
		reader->record = parse(reader);
		if (!reader->record)
			continue;
		switch (json_item_read(reader->record, &reader->room, item)) {
		case JSON_ITEM_READ:
			if (json_item_version(reader->record) > reader->newest)
				reader->newest = json_item_version(reader->record);
			return true;
		case JSON_ITEM_UNKNOWN:
			reader->unknown++;
			break;
		case JSON_ITEM_DAMAGED:
			count_damaged(reader, "no type or no time");
			break;
		case JSON_ITEM_FOREIGN:
			break;
		}
	}
	return false;
}

static bool json_next(void *opaque, struct item *item)
{
	struct json_reader *reader = opaque;

	do {
		if (take(reader, item))
			return true;
	} while (lines_next(&reader->lines, &reader->rest));
	reader->rest.len = 0;
	return false;
}

static void json_end(void *opaque)
{
	struct json_reader *reader = opaque;

	reader->lines.ended = true;
}

static void json_close(void *opaque)
{
	struct json_reader *reader = opaque;

	json_object_put(reader->record);
	json_tokener_free(reader->tokener);
	room_close(&reader->room);
	lines_close(&reader->lines);
	free(reader);
}

static void *json_open(int fd, const char *head, size_t head_len)
{
	struct json_reader *reader = calloc(1, sizeof(*reader));

	if (reader && lines_open(&reader->lines, fd, head, head_len)) {
		reader->tokener = json_tokener_new();
		if (reader->tokener) {
			/* Whatever reads items may then rely on it. */
			json_tokener_set_flags(reader->tokener, JSON_TOKENER_VALIDATE_UTF8);
			return reader;
		}
		lines_close(&reader->lines);
	} else {
		close(fd);
	}
	free(reader);
	errno = ENOMEM;
	return NULL;
}

static bool json_knows(const char *head, size_t len)
{
	(void)head;
	(void)len;
	return true;
}

static void json_progress(const void *opaque, uint64_t *done, uint64_t *size)
{
	const struct json_reader *reader = opaque;
	struct stat status;

	*done = reader->lines.done;
	*size = fstat(reader->lines.fd, &status) == 0 && S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
}

static uint64_t json_skipped(const void *opaque)
{
	const struct json_reader *reader = opaque;

	return reader->damaged + reader->unknown;
}

static const char *json_trouble(void *opaque)
{
	struct json_reader *reader = opaque;
	const size_t size = sizeof(reader->trouble);
	const char *between = "";
	size_t len = 0;

	if (reader->damaged) {
		len += (size_t)snprintf(reader->trouble, size, "%llu damaged (the first in line %llu: %s)",
					(unsigned long long)reader->damaged, (unsigned long long)reader->first_line,
					reader->first_why);
		between = ", ";
	}
	if (reader->unknown) {
		len += (size_t)snprintf(reader->trouble + len, size - len, "%s%llu of a kind that is not known here",
					between, (unsigned long long)reader->unknown);
		between = ", ";
	}
	if (reader->newest > KNOWN_VERSION) {
		len += (size_t)snprintf(reader->trouble + len, size - len,
					"%swritten by a newer version (\"v\":%d): what it has more is left out",
					between, reader->newest);
		between = ", ";
	}
	if (reader->lines.error)
		len += (size_t)snprintf(reader->trouble + len, size - len, "%sreading ended early: %s", between,
					strerror(reader->lines.error));
	return len ? reader->trouble : NULL;
}

const struct reader_format reader_json = {
	.knows = json_knows,
	.open = json_open,
	.close = json_close,
	.next = json_next,
	.end = json_end,
	.progress = json_progress,
	.skipped = json_skipped,
	.trouble = json_trouble,
};
