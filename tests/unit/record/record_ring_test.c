/*
 * Tests of shim/record/ring.h: what is put into the ring is whole or absent, whoever writes beside it.
 */
#include "record_ring.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#define MANY 8192

static int64_t results[MANY];

static void events_come_out_as_they_went_in(void **state)
{
	struct record_ring *made = *state;

	for (int64_t i = 0; i < 100; i++)
		record_put(made, i, 1, 1000 + (uint64_t)i);
	assert_int_equal(record_results(made, results, MANY), 100);
	for (int64_t i = 0; i < 100; i++)
		assert_int_equal(results[i], i);
}

static void a_ring_that_wrapped_keeps_the_newest(void **state)
{
	struct record_ring *made = *state;
	int64_t total = (int64_t)made->ring.count * 3 + 17;
	size_t count;

	for (int64_t i = 0; i < total; i++)
		record_put(made, i, 1, 1000 + (uint64_t)i);
	count = record_results(made, results, MANY);
	assert_int_equal(count, made->ring.count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(results[i], total - (int64_t)count + (int64_t)i);
}

static void an_event_that_is_being_written_is_not_there(void **state)
{
	struct record_ring *made = *state;

	for (int64_t i = 0; i < 3; i++)
		record_put(made, i, 1, 1000 + (uint64_t)i);
	/* Its writer died over it. */
	*record_word(made, 1) |= SPY_RECORD_BUSY;
	assert_int_equal(record_results(made, results, MANY), 2);
	assert_int_equal(results[0], 0);
	assert_int_equal(results[1], 2);
}

/* A process that is ended by the very copying of its event: half of the payload cannot be read. */
static void a_writer_that_dies_in_the_middle_leaves_nothing(void **state)
{
	struct record_ring *made = *state;
	const struct spy_ring_stamp stamp = {1000, 4711, 1};
	const size_t lengths[] = {80, 800};
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;

	assert_true(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
	for (size_t i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0) {
			signal(SIGSEGV, SIG_DFL);
			spy_ring_put(&made->ring, &made->share, SPY_RECORD_CALL, &stamp, pages + 4096 - 40, lengths[i]);
			_exit(0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
	}
	record_put(made, 7, 1, 2000);
	assert_int_equal(record_results(made, results, MANY), 1);
	assert_int_equal(results[0], 7);
	munmap(pages, 8192);
}

static void a_slot_whose_writer_died_is_passed_by_in_later_laps(void **state)
{
	struct record_ring *made = *state;
	uint64_t dead = 5;

	*record_word(made, dead) = (dead + 1) * 4 | SPY_RECORD_BUSY;
	for (uint64_t i = 0; i < 2 * made->ring.count; i++)
		record_put(made, (int64_t)i, 1, 1000 + i);
	assert_int_equal(*record_word(made, dead), (dead + 1) * 4 | SPY_RECORD_BUSY);
	assert_int_equal(record_results(made, results, MANY), made->ring.count - 1);
	assert_int_equal(made->ring.header->lost, 0);
}

static void a_writer_that_was_held_up_for_a_lap_leaves_newer_events_alone(void **state)
{
	struct record_ring *made = *state;
	struct spy_ring_share before = {.next = 0, .end = 1, .ring = made->ring.id};

	for (uint64_t i = 0; i < made->ring.count; i++)
		record_put(made, (int64_t)i, 1, 1000 + i);
	assert_int_equal(*record_word(made, 0), 4);
	made->share = before;
	record_put(made, -1, 2, 5000);
	/* It is behind all others, over the oldest one. */
	assert_int_equal(record_results(made, results, MANY), made->ring.count);
	assert_int_equal(results[made->ring.count - 1], -1);
	assert_int_equal(results[0], 1);
}

/* A handler that came in the middle of taking a position took the same one. */
static void two_writers_with_one_position_both_find_a_slot(void **state)
{
	struct record_ring *made = *state;
	struct spy_ring_share same;

	record_put(made, 0, 1, 1000);
	made->share = (struct spy_ring_share){.next = 1, .end = 3, .ring = made->ring.id};
	made->ring.header->next = 3;
	same = made->share;
	record_put(made, 1, 1, 1001);
	made->share = same;
	record_put(made, 2, 1, 1002);
	assert_int_equal(record_results(made, results, MANY), 3);
	assert_int_equal(results[2], 2);
}

static const char *line_of(size_t len)
{
	static char line[65536];
	const char *head =
		"{\"v\":1,\"type\":\"process\",\"ts\":\"2026-11-22T14:03:22.104512Z\",\"pid\":4711,\"tid\":1,"
		"\"host\":\"";

	if (!len)
		len = strlen(head) + 2;
	memset(line, 'x', len);
	line[len] = '\0';
	memcpy(line, head, strlen(head));
	memcpy(line + len - 2, "\"}", 2);
	return line;
}

static void put_line(struct record_ring *made, enum spy_record_kind kind, size_t len, uint64_t wall_ns)
{
	const struct spy_ring_stamp stamp = {wall_ns, 4711, 1};

	spy_ring_put(&made->ring, &made->share, kind, &stamp, line_of(len), len);
}

static void lines_of_any_length_are_whole(void **state)
{
	struct record_ring *made = *state;

	for (size_t len = 100; len < 600; len++) {
		struct source *source;
		struct item item;

		put_line(made, SPY_RECORD_LINE, len, 1000);
		source = source_open(made->path);
		for (size_t i = 100; i <= len; i++) {
			assert_true(source_next(source, &item));
			assert_int_equal(strlen(item.process.host), i - strlen(line_of(0)));
		}
		assert_int_equal(source_skipped(source), 0);
		source_close(source);
	}
}

static void a_line_that_newer_events_have_overwritten_in_part_is_no_damage(void **state)
{
	struct record_ring *made = *state;

	put_line(made, SPY_RECORD_LINE, 1000, 1000);
	/* As after a lap: the last of its slots is another event's. */
	*record_word(made, 3) = (made->ring.count + 4) * 4 | SPY_RECORD_BUSY;
	record_put(made, 1, 1, 2000);
	assert_int_equal(record_results(made, results, MANY), 1);
}

static void a_line_that_finds_a_slot_taken_goes_elsewhere(void **state)
{
	struct record_ring *made = *state;
	struct source *source;
	struct item item;

	*record_word(made, 2) = 3 * 4 | SPY_RECORD_BUSY;
	put_line(made, SPY_RECORD_LINE, 1000, 1000);
	source = source_open(made->path);
	assert_true(source_next(source, &item));
	assert_int_equal(strlen(item.process.host), 1000 - strlen(line_of(0)));
	assert_false(source_next(source, &item));
	assert_int_equal(source_skipped(source), 0);
	source_close(source);
}

static void what_is_too_long_is_counted(void **state)
{
	struct record_ring *made = *state;
	struct source *source;

	put_line(made, SPY_RECORD_LINE, 65000, 1000);
	assert_int_equal(made->ring.header->lost, 1);
	source = source_open(made->path);
	assert_string_equal(source_trouble(source), "1 found no room in the record");
	source_close(source);
}

struct writer {
	struct record_ring *made;
	uint32_t tid;
};

#define EACH 20000

static void *write_many(void *data)
{
	const struct writer *writer = data;
	struct record_ring own = *writer->made; /* A share of its own. */

	own.share = (struct spy_ring_share){.next = 0};
	for (int64_t i = 0; i < EACH; i++)
		record_put(&own, i, writer->tid, 1000 + (uint64_t)i);
	return NULL;
}

/* Reads what is there while it is written: nothing torn, and every thread's results in order. */
static void read_once(const char *path)
{
	int64_t last[4] = {-1, -1, -1, -1};
	struct source *source = source_open(path);
	struct item item;

	while (source_next(source, &item)) {
		assert_int_equal(item.type, ITEM_CALL);
		assert_in_range(item.tid, 1, 4);
		assert_true(item.call.ret > last[item.tid - 1] && item.call.ret < EACH);
		assert_int_equal(item.ts_ns, 1000 + item.call.ret);
		last[item.tid - 1] = item.call.ret;
	}
	assert_int_equal(source_skipped(source), 0);
	source_close(source);
}

static void threads_write_and_others_read_at_the_same_time(void **state)
{
	struct record_ring *made = *state;
	struct writer writers[4];
	pthread_t threads[4];

	for (uint32_t i = 0; i < 4; i++) {
		writers[i] = (struct writer){made, i + 1};
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, &writers[i]), 0);
	}
	for (int i = 0; i < 20; i++)
		read_once(made->path);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	read_once(made->path);
	assert_int_equal(made->ring.header->lost, 0);
	assert_true(made->ring.header->next >= (uint64_t)4 * EACH);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, record_ring_setup, record_ring_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_come_out_as_they_went_in),
		TEST(a_ring_that_wrapped_keeps_the_newest),
		TEST(an_event_that_is_being_written_is_not_there),
		TEST(a_writer_that_dies_in_the_middle_leaves_nothing),
		TEST(a_slot_whose_writer_died_is_passed_by_in_later_laps),
		TEST(a_writer_that_was_held_up_for_a_lap_leaves_newer_events_alone),
		TEST(two_writers_with_one_position_both_find_a_slot),
		TEST(lines_of_any_length_are_whole),
		TEST(a_line_that_newer_events_have_overwritten_in_part_is_no_damage),
		TEST(a_line_that_finds_a_slot_taken_goes_elsewhere),
		TEST(what_is_too_long_is_counted),
		TEST(threads_write_and_others_read_at_the_same_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
