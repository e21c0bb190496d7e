/*
 * The table of stacks; see stacks.h.
 */
#include "stacks.h"

#include <string.h>

void spy_stacks_init(struct spy_stacks *stacks, spy_memory_fn memory)
{
	stacks->memory = memory;
}

/* FNV-1a over words: stacks differ in few bits of few words, and each must reach the result. */
static uint32_t hash_frames(const uintptr_t *frames, size_t count)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ frames[i]) * 0x100000001b3u;
	return (uint32_t)(hash ^ (hash >> 32));
}

/* The tables are large and many programs never take a stack: they are asked for at the first. */
static bool have_tables(struct spy_stacks *stacks)
{
	if (!stacks->entries)
		stacks->entries = stacks->memory(sizeof(*stacks->entries) * (SPY_STACKS_MAX + 1));
	if (!stacks->buckets)
		stacks->buckets = stacks->memory(sizeof(*stacks->buckets) * SPY_STACKS_BUCKETS);
	return stacks->entries && stacks->buckets;
}

static const uintptr_t *keep_frames(struct spy_stacks *stacks, const uintptr_t *frames, size_t count)
{
	uintptr_t *kept;

	if (count > stacks->chunk_left) {
		stacks->chunk = stacks->memory(sizeof(uintptr_t) * SPY_STACKS_CHUNK);
		stacks->chunk_left = stacks->chunk ? SPY_STACKS_CHUNK : 0;
		if (!stacks->chunk)
			return NULL;
	}
	kept = stacks->chunk;
	memcpy(kept, frames, sizeof(*frames) * count);
	stacks->chunk += count;
	stacks->chunk_left -= count;
	return kept;
}

static bool same_stack(const struct spy_stack *stack, uint32_t hash, const uintptr_t *frames, size_t count)
{
	return stack->hash == hash && stack->count == count &&
	       memcmp(stack->frames, frames, sizeof(*frames) * count) == 0;
}

uint32_t spy_stacks_intern(struct spy_stacks *stacks, const uintptr_t *frames, size_t count)
{
	uint32_t hash, bucket;
	struct spy_stack *stack;

	if (count == 0)
		return 0;
	if (!have_tables(stacks)) {
		stacks->dropped++;
		return 0;
	}
	hash = hash_frames(frames, count);
	for (bucket = hash % SPY_STACKS_BUCKETS; stacks->buckets[bucket]; bucket = (bucket + 1) % SPY_STACKS_BUCKETS)
		if (same_stack(&stacks->entries[stacks->buckets[bucket]], hash, frames, count))
			return stacks->buckets[bucket];
	if (stacks->count >= SPY_STACKS_MAX) {
		stacks->dropped++;
		return 0;
	}
	stack = &stacks->entries[stacks->count + 1];
	stack->frames = keep_frames(stacks, frames, count);
	if (!stack->frames) {
		stacks->dropped++;
		return 0;
	}
	stack->count = count;
	stack->hash = hash;
	stacks->buckets[bucket] = ++stacks->count;
	return stacks->count;
}

struct spy_stack spy_stacks_get(const struct spy_stacks *stacks, uint32_t number)
{
	if (number == 0 || !stacks->entries || number > SPY_STACKS_MAX)
		return (struct spy_stack){.frames = NULL, .count = 0, .hash = 0};
	return stacks->entries[number];
}
