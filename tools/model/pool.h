/*
 * Keys of any bytes, each once, numbered from 0 in the order in which they came.
 */
#ifndef TOOLS_MODEL_POOL_H
#define TOOLS_MODEL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../read/room.h"

struct pool_key {
	const void *bytes; /* with a NUL behind them; aligned for anything */
	uint32_t len;
	uint32_t hash;
};

struct pool {
	struct room room;
	struct pool_key *keys;
	uint32_t count;
	uint32_t *slots; /* numbers + 1; 0 is free */
	uint32_t slot_count; /* a power of two, or 0 */
};

/* The number of these bytes, which are copied where they are new. */
uint32_t pool_put(struct pool *pool, const void *bytes, size_t len);

/* The same without adding them. */
bool pool_find(const struct pool *pool, const void *bytes, size_t len, uint32_t *number);

void pool_close(struct pool *pool);

/*
 * Room for one more entry in a list of count entries of this size: the list, perhaps moved. Takes more
 * memory when count is a power of two, so that no list needs a member for its room.
 */
void *pool_grow(void *list, uint32_t count, size_t size);

/* size bytes of zeros, for free(). */
void *pool_zeros(size_t size);

#endif
