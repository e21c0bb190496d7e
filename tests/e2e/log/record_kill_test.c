/*
 * The flight record of programs that end without notice: every call that had returned is there, in
 * order, and nothing damaged.
 */
#include "../../support/record.h"
#include "../../support/test.h"
#include "../programs/recorded.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../tools/read/item.h"

#define THREADS	    8
#define KILLS	    100
#define ROUNDS	    "3000"
#define ROUNDS_MANY "100000"

/* The counts that the program keeps; zeros. */
static struct recorded *map_counts(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct recorded *counts;

	assert_int_equal(ftruncate(fd, THREADS * sizeof(*counts)), 0);
	counts = mmap(NULL, THREADS * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	assert_true(counts != MAP_FAILED);
	return counts;
}

struct busy {
	const struct recorded *counts;
	uint64_t wanted;
	struct run_process *process;
};

static uint64_t calls_of(const struct recorded *counts)
{
	uint64_t sum = 0;

	for (int i = 0; i < THREADS; i++)
		sum += __atomic_load_n(&counts[i].calls, __ATOMIC_SEQ_CST);
	return sum;
}

/* Every thread is at work, and so many calls have been made. */
static bool is_busy(void *arg)
{
	const struct busy *busy = arg;

	if (run_is_over(busy->process))
		test_fail("the program has ended by itself");
	for (int i = 0; i < THREADS; i++)
		if (!busy->counts[i].calls)
			return false;
	return calls_of(busy->counts) >= busy->wanted;
}

static struct run_process *start(const char *counts, const char *record, const char *size, const char *rounds,
				 const char *ending)
{
	struct run_spec spec = {
		.argv = {file_built("tests/programs/recorded"), counts, memory_text("%d", THREADS), rounds, ending},
		.options = memory_text("record=%s:record_size=%s:calls=none", record, size),
	};

	return run_start(&spec);
}

/* A thread's n-th call on data is a send, the next one the recv of as many bytes. */
static void assert_is_call(const struct record_item *item, uint64_t number)
{
	if (strcmp(item->name, number % 2 ? "recv" : "send") != 0 ||
	    item->ret != (int64_t)recorded_length(number / 2) || item->state != SPY_STATE_ESTABLISHED)
		test_fail("call %llu of thread %d is %s() = %lld", (unsigned long long)number, item->tid, item->name,
			  (long long)item->ret);
}

static bool moves_data(const struct record_item *item)
{
	return item->type == ITEM_CALL && (strcmp(item->name, "send") == 0 || strcmp(item->name, "recv") == 0);
}

static void assert_all_calls(const struct record *record, const struct recorded *mine)
{
	uint64_t number = 0;

	for (size_t i = 0; i < record->count; i++)
		if (record->items[i].tid == mine->tid && moves_data(&record->items[i]))
			assert_is_call(&record->items[i], number++);
	/* The kill may come between the end of a call and its count. */
	if (number < mine->calls || number > mine->calls + 1)
		test_fail("thread %d made %llu calls, and the record has %llu", mine->tid,
			  (unsigned long long)mine->calls, (unsigned long long)number);
}

static void assert_undamaged(const struct record *record)
{
	assert_int_equal(record->skipped, 0);
	assert_null(record->trouble);
	assert_int_equal(record_count(record, ITEM_PROCESS, 0, NULL), 1);
	assert_int_equal(record->items[0].type, ITEM_PROCESS);
}

static void killed_a_hundred_times_every_call_is_there_in_order(void **state)
{
	struct recorded *counts = map_counts(file_temp("counts"));

	(void)state;
	for (uint64_t i = 0; i < KILLS; i++) {
		const char *path = file_temp("killed.rec");
		struct busy busy = {.counts = counts, .wanted = 500 + i * i % 89 * 400};
		struct run_result result;
		struct record record;

		memset(counts, 0, THREADS * sizeof(*counts));
		busy.process = start(file_temp("counts"), path, "8M", ROUNDS, "wait");
		test_until(is_busy, &busy, "eight threads at work");
		result = run_stop(busy.process, SIGKILL);
		run_assert_signal(&result, SIGKILL);
		record = record_read(path);
		assert_undamaged(&record);
		for (int thread = 0; thread < THREADS; thread++)
			assert_all_calls(&record, &counts[thread]);
		unlink(path);
		record_free(&record);
	}
	munmap(counts, THREADS * sizeof(*counts));
}

static void a_crash_and_exit_lose_nothing(void **state)
{
	static const char *const endings[] = {"crash", "exit"};
	struct recorded *counts = map_counts(file_temp("counts"));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		const char *path = file_temp(endings[i]);
		struct run_result result;
		struct record record;

		memset(counts, 0, THREADS * sizeof(*counts));
		result = run_finish(start(file_temp("counts"), path, "8M", "1000", endings[i]));
		if (i == 0)
			run_assert_signal(&result, SIGSEGV);
		else
			run_assert_exit(&result, 0);
		record = record_read(path);
		assert_undamaged(&record);
		assert_int_equal(counts[0].calls, 2000);
		for (int thread = 0; thread < THREADS; thread++)
			assert_all_calls(&record, &counts[thread]);
	}
}

/* The number of the call that an item is, at or below `last`; the lengths do not repeat within the ring. */
static void assert_newest_calls(const struct record *record, const struct recorded *mine)
{
	uint64_t kept = 0, first;
	const struct record_item *last = NULL;

	for (size_t i = 0; i < record->count; i++)
		if (record->items[i].tid == mine->tid && moves_data(&record->items[i])) {
			last = &record->items[i];
			kept++;
		}
	if (!last)
		return; /* It has not run for a lap. */
	first = mine->calls - kept;
	if (strcmp(last->name, mine->calls % 2 ? "send" : "recv") != 0 ||
	    last->ret != (int64_t)recorded_length((mine->calls - 1) / 2))
		first++; /* Killed between the end of a call and its count. */
	for (size_t i = 0; i < record->count; i++)
		if (record->items[i].tid == mine->tid && moves_data(&record->items[i]))
			assert_is_call(&record->items[i], first++);
}

static void a_ring_that_went_round_has_the_newest_of_each_thread(void **state)
{
	struct recorded *counts = map_counts(file_temp("counts"));

	(void)state;
	for (int i = 0; i < 10; i++) {
		const char *path = file_temp("wrapped.rec");
		struct busy busy = {.counts = counts, .wanted = 10000 + 2000 * (uint64_t)i};
		struct run_result result;
		struct record record;
		size_t calls = 0;

		memset(counts, 0, THREADS * sizeof(*counts));
		busy.process = start(file_temp("counts"), path, "256K", ROUNDS_MANY, "wait");
		test_until(is_busy, &busy, "five laps");
		result = run_stop(busy.process, SIGKILL);
		run_assert_signal(&result, SIGKILL);
		record = record_read(path);
		assert_undamaged(&record);
		for (size_t n = 0; n < record.count; n++)
			calls += moves_data(&record.items[n]);
		/* All but what the process' own record takes, each time that it is told. */
		assert_in_range(calls, 1700, 1920);
		for (int thread = 0; thread < THREADS; thread++)
			assert_newest_calls(&record, &counts[thread]);
		unlink(path);
	}
}

static void what_is_read_while_it_is_written_is_whole(void **state)
{
	struct recorded *counts = map_counts(file_temp("counts"));
	const char *path = file_temp("live.rec");
	struct busy busy = {.counts = counts, .wanted = 3000};
	struct run_result result;

	(void)state;
	busy.process = start(file_temp("counts"), path, "256K", ROUNDS_MANY, "wait");
	for (int i = 0; i < 20; i++) {
		int64_t last[THREADS] = {0};
		struct record record;

		test_until(is_busy, &busy, "more calls");
		record = record_read(path);
		assert_int_equal(record.skipped, 0);
		assert_true(record.count > 500);
		for (size_t n = 0; n < record.count; n++)
			for (int thread = 0; thread < THREADS; thread++)
				if (record.items[n].tid == counts[thread].tid && moves_data(&record.items[n])) {
					assert_true(record.items[n].ts_ns >= last[thread]);
					last[thread] = record.items[n].ts_ns;
				}
		busy.wanted = calls_of(counts) + 1000;
	}
	result = run_stop(busy.process, SIGKILL);
	run_assert_signal(&result, SIGKILL);
}

static bool says_twice(void *path)
{
	struct run_spec spec = {.argv = {file_built("tcpwaitspy"), "report", path}, .plain = true};

	return strstr(run(&spec).out, "close-wait-leak: 2 times at ") != NULL;
}

/* The same place twice: printed once, and counted in a summary that this program never writes. */
static void what_was_found_again_is_counted_before_the_end(void **state)
{
	char *path = (char *)file_temp("a.rec");
	struct run_process *script;

	(void)state;
	script = script_start(memory_text("record=%s:record_size=1M:calls=none:log=%s:close_wait=50ms:watch=20ms", path,
					  file_temp("log.txt")));
	script_say_all(script, SCRIPT_PAIR "d=socket 4 stream; connect d 127.0.0.1 @s; b=accept s\n"
					   "close c; close d; recv a 9; recv b 9\n");
	test_until(says_twice, path, "both leaks in the record");
	run_stop(script, SIGKILL);
	assert_true(says_twice(path));
}

/* The processes that have told their findings so far. */
static bool have_summed_up(const char *path, size_t processes)
{
	struct record record = record_read(path);
	size_t count = 0;
	int pid = 0;

	for (size_t i = 0; i < record.count; i++)
		if (record.items[i].type == ITEM_SUMMARY && record.items[i].pid != pid) {
			pid = record.items[i].pid;
			count++;
		}
	record_free(&record);
	return count == processes;
}

static bool parent_has_summed_up(void *path)
{
	return have_summed_up(path, 1);
}

static bool child_has_summed_up(void *path)
{
	return have_summed_up(path, 2);
}

/* What the child finds is counted anew, be it as much as its parent had found. */
static void a_forks_child_counts_before_its_end_too(void **state)
{
	char *path = (char *)file_temp("a.rec");
	struct run_process *script;

	(void)state;
	script = script_start(
		memory_text("record=%s:record_size=1M:calls=none:log=%s:watch=200ms", path, file_temp("log.txt")));
	script_say_all(script, SCRIPT_LISTENER "d=socket 4 stream; close d; close d\n");
	test_until(parent_has_summed_up, path, "the parent's finding in the record");
	run_say(script, "fork d=socket 4 stream; close d; close d; accept s");
	test_until(child_has_summed_up, path, "the child's finding in the record");
	run_stop(script, SIGKILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_a_hundred_times_every_call_is_there_in_order),
		TEST(a_crash_and_exit_lose_nothing),
		TEST(a_ring_that_went_round_has_the_newest_of_each_thread),
		TEST(what_is_read_while_it_is_written_is_whole),
		TEST(what_was_found_again_is_counted_before_the_end),
		TEST(a_forks_child_counts_before_its_end_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
