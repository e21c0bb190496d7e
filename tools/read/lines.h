/*
 * The lines of a file or a pipe, however long the file is and whatever bytes it holds. Lines beyond
 * LINES_LONGEST are given cut, so that a damaged file cannot take all memory.
 */
#ifndef TOOLS_READ_LINES_H
#define TOOLS_READ_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINES_LONGEST ((size_t)16 << 20)

struct lines {
	int fd;
	char *data;
	size_t room;
	size_t start; /* of what was not given yet */
	size_t scanned; /* no newline before it */
	size_t end;
	uint64_t done; /* bytes read */
	uint64_t number; /* of the line given last, from 1 */
	int error; /* errno of the read() that failed; 0: none */
	bool skipping; /* the rest of a line that was cut */
	bool ended; /* what is left is a line, ended or not */
};

struct line {
	const char *text; /* not NUL-ended; lives until the next line */
	size_t len; /* without the newline */
	bool cut;
};

/* Takes fd over; head was read from it already. False: no memory. */
bool lines_open(struct lines *lines, int fd, const char *head, size_t head_len);
void lines_close(struct lines *lines);

/* False at the end of what is there now, on EINTR, and on an error, which then stands in error. */
bool lines_next(struct lines *lines, struct line *line);

#endif
