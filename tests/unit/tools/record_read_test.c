/*
 * Tests of tools/read/record.c: what a flight record says comes out as items, in order.
 */
#include "record_calls.h"

/* The first item, whose texts live until the next one is asked for. */
static struct item only_item(struct record_ring *made, struct source **source)
{
	struct item item;

	*source = source_open(made->path);
	assert_true(source_next(*source, &item));
	assert_int_equal(source_skipped(*source), 0);
	return item;
}

static void calls_name_stacks_and_their_frames_come_by_themselves(void **state)
{
	static const char frames[] = "{\"stack\":70000,\"frames\":[{\"ip\":9,\"module\":\"/bin/x\",\"offset\":564,"
				     "\"build_id\":\"e0d9\",\"function\":\"\",\"function_offset\":0}]}";
	const int64_t args[] = {128, MSG_PEEK, 3};
	const struct spy_ring_stamp stamp = {UINT64_C(1795356202104512123), 4711, 4712};
	struct spy_record_call call = {.conn = 12, .fd = 7, .call = SPY_CALL_recv};
	struct record_ring *made = *state;
	struct source *source;
	struct item item;

	spy_ring_put(&made->ring, &made->share, SPY_RECORD_STACK, &stamp, frames, sizeof(frames) - 1);
	put(made, &stamp, &call,
	    &(const struct spy_record_parts){
		    .arg = args, .local = &here_6, .peer = &there_6, .target = &there_6, .stack = 70000});
	spy_ring_put(&made->ring, &made->share, SPY_RECORD_STACK, &stamp, "{", 1);
	source = source_open(made->path);
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_STACK);
	assert_int_equal(item.stack, 70000);
	assert_int_equal(item.frames.count, 1);
	assert_int_equal(item.frames.frames[0].offset, 564);
	assert_null(item.frames.frames[0].function);
	assert_int_equal(item.pid, 4711);
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_CALL);
	assert_int_equal(item.stack, 70000);
	assert_int_equal(item.frames.count, 0);
	assert_string_equal(item.peer, "[fe80::2%3]:8080");
	assert_false(source_next(source, &item));
	assert_int_equal(source_skipped(source), 1);
	source_close(source);
}

static void every_member_of_a_call_is_kept(void **state)
{
	const int64_t args[] = {128, MSG_PEEK, SPY_UNKNOWN};
	const struct spy_ring_stamp stamp = {UINT64_C(1795356202104512123), 4711, 4712};
	struct spy_record_call call = {.duration_ns = 3104123,
				       .ret = -1,
				       .conn = 12,
				       .fd = 7,
				       .call = SPY_CALL_recv,
				       .err = 104, /* ECONNRESET */
				       .state_before = SPY_STATE_ESTABLISHED,
				       .state = SPY_STATE_CLOSED,
				       .parts = SPY_RECORD_ACCEPTED | SPY_RECORD_INFERRED};
	struct record_ring *made = *state;
	struct source *source;
	struct item item;

	put(made, &stamp, &call, &(const struct spy_record_parts){.arg = args, .local = &here, .peer = &there});
	item = only_item(made, &source);
	assert_int_equal(item.type, ITEM_CALL);
	assert_int_equal(item.ts_ns, 1795356202104512123);
	assert_int_equal(item.pid, 4711);
	assert_int_equal(item.tid, 4712);
	assert_int_equal(item.conn, 12);
	assert_string_equal(item.local, "127.0.0.1:5197");
	assert_string_equal(item.peer, "10.0.0.9:41822");
	assert_true(item.accepted);
	assert_true(item.inferred);
	assert_int_equal(item.state_before, SPY_STATE_ESTABLISHED);
	assert_int_equal(item.state, SPY_STATE_CLOSED);
	assert_string_equal(item.call.name, "recv");
	assert_int_equal(item.call.fd, 7);
	assert_int_equal(item.call.ret, -1);
	assert_string_equal(item.call.error, "ECONNRESET");
	assert_int_equal(item.call.duration_ns, 3104123);
	assert_false(item.call.observed_eof);
	assert_int_equal(item.call.args.count, 2);
	assert_string_equal(item.call.args.pairs[0].name, "len");
	assert_string_equal(item.call.args.pairs[0].value, "128");
	assert_false(item.call.args.pairs[0].is_text);
	assert_string_equal(item.call.args.pairs[1].value, "MSG_PEEK");
	assert_true(item.call.args.pairs[1].is_text);
	source_close(source);
}

static void addresses_of_every_kind_are_kept(void **state)
{
	const struct spy_ring_stamp stamp = {1000, 1, 1};
	struct spy_record_call call = {.call = SPY_CALL_connect};
	struct record_ring *made = *state;
	struct source *source;
	struct item item;

	put(made, &stamp, &call,
	    &(const struct spy_record_parts){.local = &here_6, .peer = &there_6, .target = &there_6});
	item = only_item(made, &source);
	assert_string_equal(item.local, "[::1]:80");
	assert_string_equal(item.peer, "[fe80::2%3]:8080");
	assert_string_equal(item.call.args.pairs[0].value, "[fe80::2%3]:8080");
	assert_int_equal(item.state, ITEM_NO_STATE);
	source_close(source);
}

/* A table of another build: a name that is not known, and a known one with other arguments. */
static void calls_that_are_not_known_have_their_names_and_numbers(void **state)
{
	const int64_t args[] = {2, SPY_UNKNOWN, 9};
	const struct spy_ring_stamp stamp = {1000, 1, 1};
	struct spy_record_call call = {.call = 0};
	struct record_ring *made = *state;
	static const char names[] = "sockets one two three\n";
	char *calls = (char *)made->ring.header + SPY_RECORD_CALLS_OFFSET;
	struct source *source;
	struct item item;

	memcpy(calls, names, sizeof(names) - 1);
	put(made, &stamp, &call, &(const struct spy_record_parts){.arg = args, .local = &here, .peer = &there});
	call = (struct spy_record_call){.call = 60000};
	put(made, &stamp, &call, &(const struct spy_record_parts){.arg = args, .local = &here, .peer = &there});
	item = only_item(made, &source);
	assert_string_equal(item.call.name, "sockets");
	assert_int_equal(item.call.args.count, 2);
	assert_string_equal(item.call.args.pairs[0].name, "one");
	assert_string_equal(item.call.args.pairs[0].value, "2");
	assert_string_equal(item.call.args.pairs[1].name, "three");
	assert_true(source_next(source, &item));
	assert_string_equal(item.call.name, "unknown");
	source_close(source);
}

static void threads_are_merged_by_time(void **state)
{
	static const uint64_t times[] = {10, 30, 20, 40, 5};
	static const uint32_t tids[] = {1, 1, 2, 2, 3};
	static const int64_t expected[] = {4, 0, 2, 1, 3};
	struct record_ring *made = *state;
	int64_t results[8];

	for (int64_t i = 0; i < 5; i++)
		record_put(made, i, tids[i], times[i]);
	assert_int_equal(record_results(made, results, 8), 5);
	assert_memory_equal(results, expected, sizeof(expected));
}

static void a_clock_that_was_put_back_leaves_the_order_of_a_thread(void **state)
{
	static const uint64_t times[] = {100, 50, 60, 110};
	struct record_ring *made = *state;
	int64_t results[8];

	for (int64_t i = 0; i < 4; i++)
		record_put(made, i, 1, times[i]);
	assert_int_equal(record_results(made, results, 8), 4);
	for (int64_t i = 0; i < 4; i++)
		assert_int_equal(results[i], i);
}

static void a_process_that_told_itself_again_comes_once_and_first(void **state)
{
	struct record_ring *made = *state;
	struct source *source;
	struct item item;
	int calls = 0;

	record_put(made, 0, 1, 2000);
	put_process(made, 4711, 1000);
	record_put(made, 1, 1, 3000);
	put_process(made, 4711, 1000);
	put_process(made, 4711, 2500); /* After an exec: another program with the same pid. */
	source = source_open(made->path);
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_PROCESS);
	assert_int_equal(item.ts_ns, 1000);
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_CALL);
	assert_true(source_next(source, &item));
	assert_int_equal(item.type, ITEM_PROCESS);
	assert_int_equal(item.ts_ns, 2500);
	while (source_next(source, &item))
		calls++;
	assert_int_equal(calls, 1);
	source_close(source);
}

static void a_record_that_grows_is_read_on(void **state)
{
	struct record_ring *made = *state;
	struct source *source = source_open(made->path);
	struct item item;

	assert_false(source_next(source, &item));
	for (int64_t i = 0; i < 3; i++) {
		record_put(made, i, 1, 1000 + (uint64_t)i);
		assert_true(source_next(source, &item));
		assert_int_equal(item.call.ret, i);
		assert_false(source_next(source, &item));
	}
	source_close(source);
}

/* Its slot was to be overwritten, but the writer that took it has not come to that; what followed it is overwritten. */
static void an_event_that_the_ring_has_overtaken_is_none(void **state)
{
	struct record_ring *made = *state;
	int64_t results[2048];
	size_t count;

	for (uint64_t i = 0; i < made->ring.count; i++)
		record_put(made, (int64_t)i, 1, 1000 + i);
	made->ring.header->next++;
	for (uint64_t i = 0; i < 10; i++)
		record_put(made, 5000, 2, 9000 + i);
	count = record_results(made, results, 2048);
	assert_int_equal(count, made->ring.count - 1);
	assert_int_equal(results[0], 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_member_of_a_call_is_kept),
		TEST(calls_name_stacks_and_their_frames_come_by_themselves),
		TEST(addresses_of_every_kind_are_kept),
		TEST(calls_that_are_not_known_have_their_names_and_numbers),
		TEST(threads_are_merged_by_time),
		TEST(a_clock_that_was_put_back_leaves_the_order_of_a_thread),
		TEST(a_process_that_told_itself_again_comes_once_and_first),
		TEST(a_record_that_grows_is_read_on),
		TEST(an_event_that_the_ring_has_overtaken_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
