/*
 * Reading the counts; see counts.h.
 */
#include "counts.h"

uint64_t spy_counts_calls(const struct spy_counts *counts, enum spy_call_id call)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < SPY_COUNT_STRIPES; i++)
		sum += __atomic_load_n(&counts->stripe[i].calls[call], __ATOMIC_RELAXED);
	return sum;
}

uint64_t spy_counts_failed(const struct spy_counts *counts, enum spy_call_id call)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < SPY_COUNT_STRIPES; i++)
		sum += __atomic_load_n(&counts->stripe[i].failed[call], __ATOMIC_RELAXED);
	return sum;
}

uint64_t spy_counts_errors(const struct spy_counts *counts, enum spy_call_id call, int err)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < SPY_COUNT_STRIPES; i++)
		sum += __atomic_load_n(&counts->stripe[i].errors[call][err], __ATOMIC_RELAXED);
	return sum;
}
