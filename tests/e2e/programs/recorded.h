/*
 * What programs/recorded.c shares with the tests that kill it.
 */
#ifndef PROGRAMS_RECORDED_H
#define PROGRAMS_RECORDED_H

#include <stddef.h>
#include <stdint.h>

struct recorded {
	uint64_t calls; /* that have returned: send, recv, send, ... */
	int tid;
	char pad[52]; /* a cache line each */
};

#define RECORDED_LENGTHS 997u

/* How many bytes the calls of a round move: not the same again for a long time. */
static inline size_t recorded_length(uint64_t round)
{
	return 1 + (size_t)(round % RECORDED_LENGTHS);
}

#endif
