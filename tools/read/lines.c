/*
 * A buffer that is filled by read() and given away line by line; see lines.h.
 */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ROOM ((size_t)256 << 10)

bool lines_open(struct lines *lines, int fd, const char *head, size_t head_len)
{
	*lines = (struct lines){.fd = fd, .room = FIRST_ROOM, .data = malloc(FIRST_ROOM)};
	if (!lines->data)
		return false;
	memcpy(lines->data, head, head_len);
	lines->end = head_len;
	lines->done = head_len;
	return true;
}

void lines_close(struct lines *lines)
{
	close(lines->fd);
	free(lines->data);
}

/* Room for more behind end: by moving what is left to the front, or by more memory. */
static bool make_room(struct lines *lines)
{
	size_t room = lines->room * 2 + FIRST_ROOM;
	char *data;

	if (lines->start) {
		memmove(lines->data, lines->data + lines->start, lines->end - lines->start);
		lines->end -= lines->start;
		lines->scanned -= lines->start;
		lines->start = 0;
	}
	if (lines->end < lines->room)
		return true;
	data = realloc(lines->data, room);
	if (!data)
		return false;
	lines->data = data;
	lines->room = room;
	return true;
}

static bool fill(struct lines *lines)
{
	ssize_t got;

	if (lines->end == lines->room && !make_room(lines)) {
		lines->error = ENOMEM;
		return false;
	}
	got = read(lines->fd, lines->data + lines->end, lines->room - lines->end);
	if (got == -1 && errno != EINTR && errno != EAGAIN)
		lines->error = errno;
	if (got <= 0)
		return false;
	lines->end += (size_t)got;
	lines->done += (size_t)got;
	return true;
}

/* Gives what stands before `stop`, and goes on at `next`. */
static bool give(struct lines *lines, struct line *line, size_t stop, size_t next, bool cut)
{
	bool rest = lines->skipping;

	*line = (struct line){.text = lines->data + lines->start, .len = stop - lines->start, .cut = cut};
	lines->start = next;
	lines->scanned = next;
	lines->skipping = cut;
	if (!rest)
		lines->number++;
	return !rest;
}

bool lines_next(struct lines *lines, struct line *line)
{
	for (;;) {
		const char *newline = lines->scanned < lines->end
					      ? memchr(lines->data + lines->scanned, '\n', lines->end - lines->scanned)
					      : NULL;

		if (newline) {
			size_t stop = (size_t)(newline - lines->data);

			if (give(lines, line, stop, stop + 1, false))
				return true;
			continue;
		}
		lines->scanned = lines->end;
		if (lines->end - lines->start >= LINES_LONGEST) {
			if (give(lines, line, lines->end, lines->end, true))
				return true;
			continue;
		}
		if (fill(lines))
			continue;
		if (!lines->ended || lines->start == lines->end)
			return false;
		return give(lines, line, lines->end, lines->end, false);
	}
}
