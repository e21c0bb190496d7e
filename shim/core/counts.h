/*
 * How often each call was made, and with which errors: what the metrics tell of the calls.
 *
 * Counted without the core's lock, since plain reads and writes take none. Threads are spread over
 * stripes, so that two of them seldom meet on a cache line; the stripes are summed up by who reads.
 * Locks: none. Signals: safe. Memory is the caller's, zeroed, and is wiped in a fork's child.
 */
#ifndef SPY_CORE_COUNTS_H
#define SPY_CORE_COUNTS_H

#include <stdint.h>

#include "../../include/tcpwaitspy/calls.h"

#define SPY_COUNT_STRIPES 8u
/* Linux has errors up to 133 (asm-generic/errno.h); what is greater counts as the last, which has no name. */
#define SPY_COUNT_ERRNOS 135u

/* Not _Atomic: of its alignment in a struct 32-bit compilers have had two opinions. */
typedef uint64_t spy_counter __attribute__((aligned(8)));

struct spy_count_stripe {
	spy_counter calls[SPY_CALL_COUNT];
	spy_counter failed[SPY_CALL_COUNT]; /* the sum of the call's errors: most rows need no reading */
	spy_counter errors[SPY_CALL_COUNT][SPY_COUNT_ERRNOS];
} __attribute__((aligned(64)));

struct spy_counts {
	struct spy_count_stripe stripe[SPY_COUNT_STRIPES];
};

/* One call of thread tid that came back with err, 0 for success. */
static inline void spy_counts_add(struct spy_counts *counts, uint32_t tid, enum spy_call_id call, int err)
{
	struct spy_count_stripe *stripe = &counts->stripe[tid % SPY_COUNT_STRIPES];
	uint32_t error = (uint32_t)err < SPY_COUNT_ERRNOS ? (uint32_t)err : SPY_COUNT_ERRNOS - 1;

	__atomic_fetch_add(&stripe->calls[call], 1, __ATOMIC_RELAXED);
	if (__builtin_expect(!error, 1))
		return;
	__atomic_fetch_add(&stripe->failed[call], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&stripe->errors[call][error], 1, __ATOMIC_RELAXED);
}

/* Sums over the stripes. */
uint64_t spy_counts_calls(const struct spy_counts *counts, enum spy_call_id call);
uint64_t spy_counts_failed(const struct spy_counts *counts, enum spy_call_id call);
uint64_t spy_counts_errors(const struct spy_counts *counts, enum spy_call_id call, int err);

#endif
