/*
 * Where connections were made and ended: each line of a call in the JSON log, and each call in a flight record,
 * names its stack, and the first one in each process has the stack's frames.
 */
#include "../../support/record.h"
#include "../../support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../tools/read/item.h"

#define NUMBERS 64
#define ROUNDS	2500 /* of two calls; the smallest record has 1920 slots */

/* Fails unless each number of a process has its frames with its first line, and with that alone. */
static void assert_told_once(const struct log *log, int64_t pid)
{
	bool told[NUMBERS] = {false};
	size_t stacks = 0;

	for (size_t i = 0; i < log->count; i++) {
		json_object *frames, *record = log->records[i];
		int64_t number;

		if (strcmp(log_text(record, "type"), "call") != 0 || log_number(record, "pid") != pid)
			continue;
		number = log_number(record, "stack");
		frames = log_member(record, "frames");
		if (number == LOG_NO_NUMBER) {
			assert_null(frames);
			continue;
		}
		assert_in_range(number, 1, NUMBERS - 1);
		assert_int_equal(frames != NULL, !told[number]);
		told[number] = true;
		if (!frames)
			continue;
		stacks++;
		assert_true(json_object_array_length(frames) > 0);
		log_assert_like(json_object_array_get_idx(frames, 0), "module", "/tests/programs/script$");
		assert_true(log_number(json_object_array_get_idx(frames, 0), "offset") > 0);
	}
	assert_true(stacks > 0);
}

static void the_first_line_with_a_stack_has_its_frames(void **state)
{
	struct log log;
	json_object *accept;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR
				"send c hello; recv a 9; shutdown c wr; recv a 9; close a; close c\n"
				"c=socket 4 stream; connect c 127.0.0.1 @s; a=accept s; close a; close c; close s\n");
	assert_told_once(&log, log_number(log.records[0], "pid"));
	/* The second accept() is made at the same place. */
	accept = log_first(&log, &(const struct log_match){.call = "accept"});
	log_assert_number(log_next(&log, accept, &(const struct log_match){.call = "accept"}), "stack",
			  log_number(accept, "stack"));
	/* Plain data has no stack: none was taken. */
	assert_null(log_member(log_first(&log, &(const struct log_match){.call = "send"}), "stack"));
	assert_non_null(
		log_member(log_last(&log, &(const struct log_match){.call = "recv", .conn = SCRIPT_A_CONN}), "stack"));
}

static void a_forks_child_tells_its_own(void **state)
{
	struct log log;
	int64_t parent;
	json_object *child = NULL;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR "fork shutdown c rdwr; close c; _exit 0\n" SCRIPT_END);
	parent = log_number(log.records[0], "pid");
	for (size_t i = 0; i < log.count && !child; i++)
		child = log_number(log.records[i], "pid") == parent ? NULL : log.records[i];
	assert_non_null(child);
	assert_told_once(&log, parent);
	assert_told_once(&log, log_number(child, "pid"));
}

static void without_stacks_there_are_no_numbers(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged("stack=0", SCRIPT_PAIR SCRIPT_END);
	for (size_t i = 0; i < log.count; i++) {
		assert_null(log_member(log.records[i], "stack"));
		assert_null(log_member(log.records[i], "frames"));
	}
}

/* The ring goes round several times: what the last calls name is still there, however long ago it was first told. */
static void a_record_that_went_round_still_has_the_frames(void **state)
{
	const char *path = file_temp("round.rec");
	static const char round[] = "getpeername a; getsockname c\n";
	char *lines = malloc(sizeof(SCRIPT_PAIR) + ROUNDS * sizeof(round));
	char *end = stpcpy(lines, SCRIPT_PAIR);
	struct record record;

	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		end = stpcpy(end, round);
	script_run(record_options(path, "record_size=256K"), lines);
	free(lines);
	record = record_read(path);
	assert_int_equal(record_count(&record, ITEM_PROCESS, 0, NULL), 1);
	assert_int_equal(record_count(&record, ITEM_CALL, 0, "accept"), 0);
	assert_in_range(record_count(&record, ITEM_STACK, 0, NULL), 1, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_line_with_a_stack_has_its_frames),
		TEST(a_forks_child_tells_its_own),
		TEST(without_stacks_there_are_no_numbers),
		TEST(a_record_that_went_round_still_has_the_frames),
	};

	return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
