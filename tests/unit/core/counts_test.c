/*
 * Tests of shim/core/counts.h: no call is lost, whatever thread counts it, and errors are told apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "../../../shim/core/counts.h"

#define THREADS 12u /* more than there are stripes */
#define CALLS	20000u

static struct spy_counts counts;

static void *count_many(void *tid)
{
	for (unsigned int i = 0; i < CALLS; i++)
		spy_counts_add(&counts, (uint32_t)(uintptr_t)tid, SPY_CALL_recv, i % 4 ? 0 : EAGAIN);
	return NULL;
}

static void calls_of_many_threads_add_up(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	memset(&counts, 0, sizeof(counts));
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many, (void *)(4711 + i)), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(spy_counts_calls(&counts, SPY_CALL_recv), THREADS * CALLS);
	assert_int_equal(spy_counts_failed(&counts, SPY_CALL_recv), THREADS * CALLS / 4);
	assert_int_equal(spy_counts_errors(&counts, SPY_CALL_recv, EAGAIN), THREADS * CALLS / 4);
	assert_int_equal(spy_counts_calls(&counts, SPY_CALL_send), 0);
}

static void errors_are_kept_by_call_and_number(void **state)
{
	(void)state;
	memset(&counts, 0, sizeof(counts));
	spy_counts_add(&counts, 1, SPY_CALL_send, EPIPE);
	spy_counts_add(&counts, 2, SPY_CALL_send, ECONNRESET);
	spy_counts_add(&counts, 3, SPY_CALL_recv, ECONNRESET);
	spy_counts_add(&counts, 4, SPY_CALL_recv, 0);
	assert_int_equal(spy_counts_errors(&counts, SPY_CALL_send, EPIPE), 1);
	assert_int_equal(spy_counts_errors(&counts, SPY_CALL_send, ECONNRESET), 1);
	assert_int_equal(spy_counts_errors(&counts, SPY_CALL_recv, ECONNRESET), 1);
	assert_int_equal(spy_counts_failed(&counts, SPY_CALL_recv), 1);
	assert_int_equal(spy_counts_calls(&counts, SPY_CALL_recv), 2);
}

static void errors_that_linux_does_not_have_are_counted_together(void **state)
{
	(void)state;
	memset(&counts, 0, sizeof(counts));
	spy_counts_add(&counts, 1, SPY_CALL_ioctl, 4095);
	spy_counts_add(&counts, 1, SPY_CALL_ioctl, SPY_COUNT_ERRNOS);
	spy_counts_add(&counts, 1, SPY_CALL_ioctl, -5);
	assert_int_equal(spy_counts_errors(&counts, SPY_CALL_ioctl, SPY_COUNT_ERRNOS - 1), 3);
	assert_int_equal(spy_counts_failed(&counts, SPY_CALL_ioctl), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_of_many_threads_add_up),
		cmocka_unit_test(errors_are_kept_by_call_and_number),
		cmocka_unit_test(errors_that_linux_does_not_have_are_counted_together),
	};

	return cmocka_run_group_tests_name("counts", tests, NULL, NULL);
}
