/*
 * A list of blocks, each used from front to back; see room.h.
 */
#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 << 10)
#define ALIGNED	   16

struct room_block {
	struct room_block *next;
	size_t used;
	size_t size;
	char data[] __attribute__((aligned(ALIGNED)));
};

static struct room_block *block_of(size_t size)
{
	struct room_block *block = malloc(sizeof(*block) + size);

	if (!block) {
		fputs("tcpwaitspy: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	block->next = NULL;
	block->used = 0;
	block->size = size;
	return block;
}

void *room_get(struct room *room, size_t size)
{
	struct room_block *block = room->now;
	char *piece;

	size = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
	while (block && block->size - block->used < size && block->next)
		block = block->next;
	if (!block || block->size - block->used < size) {
		struct room_block *more = block_of(size > BLOCK_SIZE ? size : BLOCK_SIZE);

		if (block)
			block->next = more;
		else
			room->first = more;
		block = more;
	}
	room->now = block;
	piece = block->data + block->used;
	block->used += size;
	return memset(piece, 0, size);
}

char *room_text(struct room *room, const char *text, size_t len)
{
	char *copy = room_get(room, len + 1);

	memcpy(copy, text, len);
	return copy;
}

void room_reset(struct room *room)
{
	for (struct room_block *block = room->first; block; block = block->next)
		block->used = 0;
	room->now = room->first;
}

void room_close(struct room *room)
{
	while (room->first) {
		struct room_block *next = room->first->next;

		free(room->first);
		room->first = next;
	}
	room->now = NULL;
}
