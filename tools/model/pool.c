/*
 * A hash table with open addressing over keys in a room; see pool.h.
 */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64
#define FIRST_LIST  16

static void *or_die(void *memory)
{
	if (memory)
		return memory;
	fputs("tcpwaitspy: out of memory\n", stderr);
	exit(EXIT_FAILURE);
}

void *pool_zeros(size_t size)
{
	return or_die(calloc(1, size));
}

void *pool_grow(void *list, uint32_t count, size_t size)
{
	if (count == 0)
		return or_die(realloc(list, FIRST_LIST * size));
	if (count < FIRST_LIST || (count & (count - 1)))
		return list;
	return or_die(realloc(list, (size_t)count * 2 * size));
}

/* FNV-1a (Fowler, Noll, Vo), folded. */
static uint32_t hash_of(const unsigned char *bytes, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(hash ^ hash >> 32);
}

/* The slot that has the key, or the free one where it belongs. */
static uint32_t slot_of(const struct pool *pool, const void *bytes, size_t len, uint32_t hash)
{
	uint32_t slot = hash & (pool->slot_count - 1);

	while (pool->slots[slot]) {
		const struct pool_key *key = &pool->keys[pool->slots[slot] - 1];

		if (key->hash == hash && key->len == len && memcmp(key->bytes, bytes, len) == 0)
			break;
		slot = (slot + 1) & (pool->slot_count - 1);
	}
	return slot;
}

/* At most half full, so that searches stay short. */
static void make_slots(struct pool *pool)
{
	uint32_t count = pool->slot_count ? pool->slot_count * 2 : FIRST_SLOTS;

	if (pool->slot_count && pool->count < pool->slot_count / 2)
		return;
	free(pool->slots);
	pool->slots = or_die(calloc(count, sizeof(*pool->slots)));
	pool->slot_count = count;
	for (uint32_t i = 0; i < pool->count; i++) {
		const struct pool_key *key = &pool->keys[i];

		pool->slots[slot_of(pool, key->bytes, key->len, key->hash)] = i + 1;
	}
}

uint32_t pool_put(struct pool *pool, const void *bytes, size_t len)
{
	uint32_t hash = hash_of(bytes, len);
	uint32_t slot;

	make_slots(pool);
	slot = slot_of(pool, bytes, len, hash);
	if (pool->slots[slot])
		return pool->slots[slot] - 1;
	pool->keys = pool_grow(pool->keys, pool->count, sizeof(*pool->keys));
	pool->keys[pool->count] = (struct pool_key){
		.bytes = room_text(&pool->room, bytes, len),
		.len = (uint32_t)len,
		.hash = hash,
	};
	pool->slots[slot] = ++pool->count;
	return pool->count - 1;
}

bool pool_find(const struct pool *pool, const void *bytes, size_t len, uint32_t *number)
{
	uint32_t slot;

	if (!pool->slot_count)
		return false;
	slot = slot_of(pool, bytes, len, hash_of(bytes, len));
	if (!pool->slots[slot])
		return false;
	*number = pool->slots[slot] - 1;
	return true;
}

void pool_close(struct pool *pool)
{
	room_close(&pool->room);
	free(pool->keys);
	free(pool->slots);
}
