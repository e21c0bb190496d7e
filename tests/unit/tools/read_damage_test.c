/*
 * Tests of tools/read: what is read of a JSON log that is cut, damaged, mixed with other output or of a
 * newer version, and what is said of the rest.
 */
#include "read_log.h"

static void a_log_that_was_cut_gives_all_but_the_cut_line(void **state)
{
	const char log[] = CALL "\n" CALL "\n";

	(void)state;
	for (size_t len = sizeof(CALL) + 1; len < sizeof(log) - 2; len++) {
		struct source *source = log_of(log, len);

		assert_int_equal(count_all(source), 1);
		/* Less than a record's beginning may as well be anybody's. */
		assert_int_equal(source_skipped(source), len > sizeof(CALL) + 4 ? 1 : 0);
		source_close(source);
	}
}

static void trouble_is_told_in_one_line(void **state)
{
	struct source *source = LOG(CALL "\n{\"v\":1,\"type\":,}\n{\"v\":1,\"type\":\"dream\",\"ts\":"
					 "\"2026-11-22T14:03:22Z\"}\n{\"v\":1}\n" CALL "\n");

	(void)state;
	assert_int_equal(count_all(source), 2);
	assert_int_equal(source_skipped(source), 3);
	assert_string_equal(source_trouble(source), "2 damaged (the first in line 2: unexpected character), "
						    "1 of a kind that is not known here");
	source_close(source);
}

static void trouble_of_several_kinds_stands_in_one_line(void **state)
{
	struct source *source = LOG("{\"v\":1,\"type\":\"dream\",\"ts\":\"2026-11-22T14:03:22Z\"}\n"
				    "{\"v\":2,\"type\":\"state\",\"ts\":\"2026-11-22T14:03:22Z\",\"pid\":1}\n");

	(void)state;
	assert_int_equal(count_all(source), 1);
	assert_string_equal(source_trouble(source),
			    "1 of a kind that is not known here, "
			    "written by a newer version (\"v\":2): what it has more is left out");
	source_close(source);
}

static void a_newer_version_is_read_as_far_as_it_is_known(void **state)
{
	struct source *source = LOG("{\"v\":2,\"type\":\"state\",\"ts\":\"2026-11-22T14:03:22Z\",\"pid\":1,"
				    "\"state\":\"CLOSED\",\"state_before\":\"QUANTUM\",\"mood\":{\"a\":[1]}}\n");
	struct item item;

	(void)state;
	assert_true(source_next(source, &item));
	assert_int_equal(item.state, SPY_STATE_CLOSED);
	assert_int_equal(item.state_before, ITEM_NO_STATE);
	assert_int_equal(source_skipped(source), 0);
	assert_string_equal(source_trouble(source),
			    "written by a newer version (\"v\":2): what it has more is left out");
	source_close(source);
}

static void the_programs_own_output_is_passed_over(void **state)
{
	struct source *source =
		LOG("starting\n\n{\"level\":\"info\",\"msg\":\"up\"}\n{ not json\n==1== text\nready..." CALL
		    "done\n" CALL CALL "\r\n");

	(void)state;
	assert_int_equal(count_all(source), 3);
	assert_null(source_trouble(source));
	source_close(source);
}

static void a_record_inside_of_a_cut_one_is_read(void **state)
{
	struct source *source = LOG(HEAD("call") ",\"call\":\"re" CALL "\nl_before\",\"type\":\"call\",\"pid\":1}\n");

	(void)state;
	assert_int_equal(count_all(source), 1);
	assert_int_equal(source_skipped(source), 2);
	source_close(source);
}

static void holes_of_nuls_are_damage_and_what_is_behind_them_is_read(void **state)
{
	const char log[] = CALL "\n\0\0\0\0\0\0" CALL "\n{\"v\":1,\"type\":\"ca\0l\"}\n";
	struct source *source = log_of(log, sizeof(log) - 1);

	(void)state;
	assert_int_equal(count_all(source), 2);
	assert_int_equal(source_skipped(source), 2);
	assert_string_equal(source_trouble(source), "2 damaged (the first in line 2: NUL bytes)");
	source_close(source);
}

static void bytes_that_are_no_utf_8_are_damage(void **state)
{
	struct source *source = LOG(HEAD("process") ",\"host\":\"\xff\xfe\"}\n");

	(void)state;
	assert_int_equal(count_all(source), 0);
	assert_int_equal(source_skipped(source), 1);
	source_close(source);
}

static void members_of_other_types_are_as_if_they_were_not_there(void **state)
{
	struct source *source =
		LOG(HEAD("call") ",\"call\":7,\"fd\":\"x\",\"args\":[1],\"conn\":-3,\"local\":{},\"errno\":24}"
				 "\n" HEAD("finding") ",\"stacks\":{\"eof\":[1,null,{}],\"here\":3},\"evidence\":{"
						      "\"a\":null}}\n" HEAD(
							      "summary") ",\"by_place\":[null,{}],\"wait_states\":["
									 "],\"wait_places\":[{}],\"open\":[1]}"
									 "\n" HEAD("process") ",\"argv\":[null,{"
											      "\"a\":1},2]}\n");
	struct item item;

	(void)state;
	assert_true(source_next(source, &item));
	assert_int_equal(item.call.fd, -1);
	assert_int_equal(item.conn, 0);
	assert_null(item.local);
	assert_string_equal(item.call.error, "24");
	assert_true(source_next(source, &item));
	assert_int_equal(item.finding.stacks[SPY_STORY_EOF].count, 3);
	assert_string_equal(item.finding.evidence.pairs[0].value, "null");
	assert_true(source_next(source, &item));
	assert_int_equal(item.summary.place_count, 0);
	assert_true(source_next(source, &item));
	source_close(source);
}

static void lines_beyond_any_record_are_cut_and_counted(void **state)
{
	size_t len = LINES_LONGEST * 2 + 100;
	char *text = malloc(len + sizeof(CALL));
	struct source *source;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, HEAD("call") ",\"call\":\"", sizeof(HEAD("call") ",\"call\":\"") - 1);
	text[len - 1] = '\n';
	memcpy(text + len, CALL "\n", sizeof(CALL));
	source = log_of(text, len + sizeof(CALL));
	free(text);
	assert_int_equal(count_all(source), 1);
	assert_string_equal(source_trouble(source), "1 damaged (the first in line 1: longer than any record)");
	source_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_log_that_was_cut_gives_all_but_the_cut_line),
		cmocka_unit_test(trouble_is_told_in_one_line),
		cmocka_unit_test(trouble_of_several_kinds_stands_in_one_line),
		cmocka_unit_test(a_newer_version_is_read_as_far_as_it_is_known),
		cmocka_unit_test(the_programs_own_output_is_passed_over),
		cmocka_unit_test(a_record_inside_of_a_cut_one_is_read),
		cmocka_unit_test(holes_of_nuls_are_damage_and_what_is_behind_them_is_read),
		cmocka_unit_test(bytes_that_are_no_utf_8_are_damage),
		cmocka_unit_test(members_of_other_types_are_as_if_they_were_not_there),
		cmocka_unit_test(lines_beyond_any_record_are_cut_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
