/*
 * Stacks, each kept once: a bounded table of frame lists, named by a number from 1.
 *
 * Locks: spy_stacks_intern() wants the core's; spy_stacks_get() none, since what a number
 * names never changes.
 */
#ifndef SPY_CORE_STACKS_H
#define SPY_CORE_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "table.h"

#define SPY_STACKS_MAX	   8192u /* different stacks; further ones are not kept and counted */
#define SPY_STACKS_BUCKETS ((size_t)2 * SPY_STACKS_MAX)
#define SPY_STACKS_CHUNK   4096u /* words asked for at a time */

struct spy_stack {
	const uintptr_t *frames;
	size_t count;
	uint32_t hash;
};

struct spy_stacks {
	struct spy_stack *entries; /* SPY_STACKS_MAX + 1; number 0 is none */
	uint32_t *buckets; /* open addressing: the number, 0 for free */
	uint32_t count;
	uintptr_t *chunk;
	size_t chunk_left;
	spy_memory_fn memory;
	uint64_t dropped;
};

void spy_stacks_init(struct spy_stacks *stacks, spy_memory_fn memory);

/* The number of this stack, new or known; 0 where count is 0 or the table is full. */
uint32_t spy_stacks_intern(struct spy_stacks *stacks, const uintptr_t *frames, size_t count);

/* The frames of a number, innermost first; an empty stack for 0. */
struct spy_stack spy_stacks_get(const struct spy_stacks *stacks, uint32_t number);

#endif
