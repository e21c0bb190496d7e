/*
 * Memory for what belongs to one item: taken piece by piece, given back all at once and kept for the
 * next item. Running out of memory ends the command; there is nothing that it could do without.
 */
#ifndef TOOLS_READ_ROOM_H
#define TOOLS_READ_ROOM_H

#include <stddef.h>

struct room_block;

struct room {
	struct room_block *first;
	struct room_block *now;
};

/* size bytes of zeros, aligned for anything. */
void *room_get(struct room *room, size_t size);
char *room_text(struct room *room, const char *text, size_t len);
/* All that was taken is free again. */
void room_reset(struct room *room);
void room_close(struct room *room);

#endif
