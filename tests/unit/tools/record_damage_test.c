/*
 * Tests of tools/read/record.c and record_index.c: what is damaged, newer, cut short or being written over in a flight
 * record is said, and does no harm.
 */
#include "record_calls.h"

#include <fcntl.h>

#include "../../../tools/read/record_index.h"

static void assert_trouble(struct record_ring *made, uint64_t skipped, const char *trouble)
{
	struct source *source = source_open(made->path);
	struct item item;

	assert_non_null(source);
	while (source_next(source, &item))
		;
	assert_int_equal(source_skipped(source), skipped);
	assert_string_equal(source_trouble(source), trouble);
	source_close(source);
}

static void what_is_damaged_is_counted_and_the_rest_is_read(void **state)
{
	struct record_ring *made = *state;
	struct spy_record_event *event;

	for (int64_t i = 0; i < 5; i++)
		record_put(made, i, 1, 1000 + (uint64_t)i);
	*record_word(made, 0) = 400; /* The word of another position. */
	event = (struct spy_record_event *)(record_word(made, 1) + 1);
	event->length = 4000; /* More than its slots. */
	event = (struct spy_record_event *)(record_word(made, 2) + 1);
	event->length -= 1; /* Its parts do not fit. */
	event = (struct spy_record_event *)(record_word(made, 3) + 1);
	event->kind = 99;
	assert_trouble(made, 4, "3 damaged, 1 of a kind that is not known here");
}

static void headers_that_cannot_be_read_are_told(void **state)
{
	struct record_ring *made = *state;
	struct spy_record_header *header = made->ring.header;

	record_put(made, 1, 1, 1000);
	header->version = 2;
	assert_trouble(made, 0, "a flight record of a version that is not known here");
	header->version = 1;
	header->slot_size = 1;
	assert_trouble(made, 0, "a flight record damaged in its header");
	header->slot_size = SPY_RECORD_SLOT_SIZE;
	header->calls_size = UINT32_MAX;
	assert_trouble(made, 0, "a flight record damaged in its header");
}

static void a_file_that_was_cut_short_gives_what_it_has(void **state)
{
	struct record_ring *made = *state;
	struct source *source;
	struct item item;
	size_t count = 0;
	int fd;

	for (int64_t i = 0; i < 100; i++)
		record_put(made, i, 1, 1000 + (uint64_t)i);
	fd = open(made->path, O_WRONLY);
	assert_int_equal(ftruncate(fd, SPY_RECORD_HEADER_SIZE + 10 * SPY_RECORD_SLOT_SIZE), 0);
	source = source_open(made->path);
	while (source_next(source, &item))
		assert_int_equal(item.call.ret, count++);
	assert_int_equal(count, 10);
	assert_non_null(strstr(source_trouble(source), "cut short: room for "));
	source_close(source);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_trouble(made, 0, "a flight record cut short in its header");
	close(fd);
}

/* Every byte of a small record in turn: no crash, whatever it says. */
static void no_byte_can_bring_the_reader_down(void **state)
{
	struct record_ring *made = *state;
	uint8_t *bytes = made->map.memory;
	const int64_t args[] = {1, 2, 3};
	const struct spy_ring_stamp stamp = {1000, 1, 1};
	struct spy_record_call call = {.call = SPY_CALL_setsockopt};

	put_process(made, 1, 1000);
	put(made, &stamp, &call, &(const struct spy_record_parts){.arg = args, .local = &here, .peer = &there_6});
	for (size_t i = 0; i < 10 * SPY_RECORD_SLOT_SIZE + SPY_RECORD_CALLS_OFFSET; i++) {
		size_t at = i < SPY_RECORD_CALLS_OFFSET ? i : i - SPY_RECORD_CALLS_OFFSET + SPY_RECORD_HEADER_SIZE;
		uint8_t was = bytes[at];
		struct source *source;
		struct item item;

		if (at >= 24 && at < 32)
			continue; /* The number of slots: a file of its own below. */
		bytes[at] = (uint8_t)(was ^ 0xff);
		source = source_open(made->path);
		while (source && source_next(source, &item))
			assert_in_range(item.type, ITEM_PROCESS, ITEM_SUMMARY);
		source_close(source);
		bytes[at] = was;
	}
}

static void a_number_of_slots_that_no_file_has_is_cut_short(void **state)
{
	struct record_ring *made = *state;
	struct source *source;
	struct item item;

	record_put(made, 7, 1, 1000);
	made->ring.header->slot_count = UINT64_MAX;
	source = source_open(made->path);
	assert_true(source_next(source, &item));
	assert_int_equal(item.call.ret, 7);
	assert_non_null(strstr(source_trouble(source), "cut short"));
	source_close(source);
}

/* Of a record that is too large for a copy each event is read when it is asked for, and perhaps gone by then. */
static void without_a_copy_an_event_is_read_whole_or_not_at_all(void **state)
{
	struct record_ring *made = *state;
	int fd = open(made->path, O_RDONLY);
	struct record_index index;
	uint8_t payload[SPY_RECORD_CALL_MAX] __attribute__((aligned(8)));

	record_put(made, 1, 1, 1000);
	record_put(made, 2, 1, 1001);
	record_index_init(&index, fd, made->ring.count, made->ring.count);
	free(index.copy);
	index.copy = NULL;
	assert_true(record_index_scan(&index));
	assert_int_equal(index.count, 2);
	*record_word(made, 0) |= SPY_RECORD_BUSY;
	assert_false(record_index_read(&index, &index.entries[0], payload));
	assert_true(record_index_read(&index, &index.entries[1], payload));
	assert_int_equal(((struct spy_record_call *)(void *)payload)->ret, 2);
	assert_false(record_index_scan(&index));
	record_index_close(&index);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_damaged_is_counted_and_the_rest_is_read),
		TEST(headers_that_cannot_be_read_are_told),
		TEST(a_file_that_was_cut_short_gives_what_it_has),
		TEST(no_byte_can_bring_the_reader_down),
		TEST(a_number_of_slots_that_no_file_has_is_cut_short),
		TEST(without_a_copy_an_event_is_read_whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("record_damage", tests, NULL, NULL);
}
