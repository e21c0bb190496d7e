/*
 * Tests of shim/sink/waiting.h: lines of several threads at once, a page that is full, a copy that
 * never ends, and a fork's child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t patience_ns;

/* The module itself, with names and a patience of its own. */
#define spy_waiting_add	      own_waiting_add
#define spy_waiting_since_ns  own_waiting_since_ns
#define spy_waiting_may_flush own_waiting_may_flush
#define spy_waiting_flush     own_waiting_flush
#define spy_waiting_forked    own_waiting_forked
#define PATIENCE_NS	      patience_ns
#include "../../../shim/sink/waiting.c" /* NOLINT(bugprone-suspicious-include) */

#define THREADS 4
#define LINES	20000

static char written[THREADS * LINES * 32];
static size_t written_len;

static void write_to_memory(const char *text, size_t len)
{
	assert_true(written_len + len <= sizeof(written));
	memcpy(written + written_len, text, len);
	written_len += len;
}

static int begin(void **state)
{
	(void)state;
	patience_ns = 1000000;
	memset(pages, 0, sizeof(pages));
	current = 0;
	copying = 0;
	written_len = 0;
	return 0;
}

static bool add(const char *line)
{
	return spy_waiting_add(line, strlen(line), 1);
}

static void *add_lines(void *data)
{
	char line[32];

	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "thread %d line %d\n", *(int *)data, i);
		while (!add(line))
			spy_waiting_flush(write_to_memory);
	}
	return NULL;
}

/* Every thread's lines, in its order, and nothing between them. */
static void read_back(void)
{
	int next[THREADS] = {0};
	char *rest = written;

	written[written_len] = '\0';
	for (char *line = strtok_r(written, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		int thread = -1, number = -1, end = 0;

		assert_int_equal(sscanf(line, "thread %d line %d%n", &thread, &number, &end), 2);
		assert_int_equal(line[end], '\0');
		assert_in_range(thread, 0, THREADS - 1);
		assert_int_equal(number, next[thread]++);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(next[i], LINES);
}

static void lines_of_many_threads_come_whole_once_and_in_order(void **state)
{
	pthread_t threads[THREADS];
	int numbers[THREADS];

	(void)state;
	patience_ns = UINT64_C(60000000000); /* Here every copy ends, however busy the machine is. */
	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, add_lines, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(spy_waiting_flush(write_to_memory), 0);
	assert_int_equal(current, 0);
	read_back();
}

static void a_full_page_takes_no_line_before_it_is_written(void **state)
{
	static char half[SPY_WAITING_SIZE / 2];

	(void)state;
	memset(half, 'x', sizeof(half));
	half[sizeof(half) - 1] = '\n';
	assert_true(spy_waiting_add(half, sizeof(half), 1));
	assert_true(spy_waiting_add(half, sizeof(half), 2));
	assert_false(add("one more\n"));
	assert_int_equal(spy_waiting_since_ns(), 1);
	assert_int_equal(spy_waiting_flush(write_to_memory), 0);
	assert_int_equal(written_len, 2 * sizeof(half));
	assert_int_equal(spy_waiting_since_ns(), 0);
	assert_true(add("one more\n"));
}

/* What a handler leaves that interrupts a copy and does not come back. */
static void leave_a_copy(size_t len)
{
	pages[current].state += len;
	copying++;
}

static void a_copy_that_never_ends_costs_its_line_and_the_next_and_the_page(void **state)
{
	(void)state;
	assert_true(add("before\n"));
	leave_a_copy(20);
	assert_true(add("next\n"));
	assert_true(add("after\n"));
	assert_false(spy_waiting_may_flush());
	assert_int_equal(spy_waiting_flush(write_to_memory), 1);
	assert_int_equal(written_len, strlen("before\nafter\n"));
	assert_memory_equal(written, "before\nafter\n", written_len);
	assert_true(add("on another page\n"));
	assert_int_equal(spy_waiting_flush(write_to_memory), 0);
	assert_memory_equal(written, "before\nafter\non another page\n", written_len);
}

static void without_a_page_no_line_waits(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PAGES; i++) {
		leave_a_copy(20);
		assert_int_equal(spy_waiting_flush(write_to_memory), 1);
	}
	copying = 0;
	assert_false(add("a line\n"));
	assert_false(spy_waiting_may_flush());
	assert_int_equal(spy_waiting_flush(write_to_memory), 0);
	assert_int_equal(written_len, 0);
}

static void what_waits_at_a_fork_is_the_parents(void **state)
{
	(void)state;
	assert_true(add("a line of the parent\n"));
	leave_a_copy(20);
	copying = 0;
	spy_waiting_forked();
	assert_true(add("a child's\n"));
	assert_int_equal(spy_waiting_flush(write_to_memory), 0);
	assert_memory_equal(written, "a child's\n", written_len);
}

/* fork() in a handler: the copy that it interrupted goes on in the child, too. */
static void a_copy_that_a_fork_interrupted_spoils_no_page(void **state)
{
	uint32_t page;

	(void)state;
	assert_true(add("a line of the parent\n"));
	leave_a_copy(20);
	spy_waiting_forked();
	page = current;
	assert_true(add("a child's\n"));
	pages[0].state += COPIED(20);
	copying--;
	assert_true(add("another\n"));
	assert_int_equal(spy_waiting_flush(write_to_memory), 0);
	assert_int_equal(written_len, strlen("a child's\nanother\n"));
	assert_memory_equal(written, "a child's\nanother\n", written_len);
	assert_int_equal(current, page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines_of_many_threads_come_whole_once_and_in_order, begin),
		cmocka_unit_test_setup(a_full_page_takes_no_line_before_it_is_written, begin),
		cmocka_unit_test_setup(a_copy_that_never_ends_costs_its_line_and_the_next_and_the_page, begin),
		cmocka_unit_test_setup(without_a_page_no_line_waits, begin),
		cmocka_unit_test_setup(what_waits_at_a_fork_is_the_parents, begin),
		cmocka_unit_test_setup(a_copy_that_a_fork_interrupted_spoils_no_page, begin),
	};

	return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
