/*
 * The optional header: notes of the program in findings and in the JSON log, a summary on request, and a
 * program that is the same without the shim.
 */
#include "../../support/test.h"

#include <string.h>
#include <unistd.h>

#include "../../../include/tcpwaitspy.h"
#include "../../../include/tcpwaitspy/version.h"

static struct run_result annotate(const char *options, const char *note)
{
	const struct run_spec spec = {
		.argv = {file_built("tests/programs/annotate"), note}, .options = options, .plain = options == NULL};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
	assert_string_equal(result.out, "calls 7 failed 0\n");
	return result;
}

static struct log annotate_logged(const char *note)
{
	annotate(script_options(NULL), note);
	return log_read(script_log());
}

/* Descriptors 3, 4 and 5, as in the script. */
static const struct log_match received = {.call = "recv", .conn = SCRIPT_A_CONN};
static const struct log_match double_close = {.rule = "double-close"};

static void program_runs_the_same_without_the_shim(void **state)
{
	struct run_result plain, watched;

	(void)state;
	plain = annotate(NULL, NULL);
	assert_string_equal(plain.err, "version none\n");
	watched = annotate("calls=none:log=/dev/null", NULL);
	assert_string_equal(watched.out, plain.out);
	assert_string_equal(watched.err, "version " SPY_VERSION "\n");
}

static void note_stands_in_calls_states_and_findings(void **state)
{
	struct log log;

	(void)state;
	log = annotate_logged("tenant 7");
	log_assert_text(log_first(&log, &received), "note", "tenant 7");
	log_assert_text(log_first(&log, &(const struct log_match){.call = "close", .conn = SCRIPT_A_CONN}), "note",
			"tenant 7");
	log_assert_text(log_first(&log, &double_close), "note", "tenant 7");
	for (size_t i = 0; i < log.count; i++) {
		bool is_noted = log_number(log.records[i], "conn") == SCRIPT_A_CONN &&
				strcmp(log_text(log.records[i], "call"), "accept") != 0;

		assert_int_equal(log_member(log.records[i], "note") != NULL, is_noted);
	}
}

static void note_stands_in_the_text_of_a_finding(void **state)
{
	struct run_result result;

	(void)state;
	result = annotate("calls=none", "ten\nant\\");
	if (!test_matches(
		    result.err,
		    "ERROR: double-close: [^\n]*\n(==[0-9]+==   [^\n]*\n)*==[0-9]+==   note: ten\\\\x0aant\\\\x5c\n"))
		test_fail("no note in:\n%s", result.err);
}

static void note_is_bounded_and_cannot_forge_a_record(void **state)
{
	char longest[400];
	const char *expected;
	struct log log;

	(void)state;
	/* 126 bytes, and a character of two that does not fit. */
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + 126, "\xc3\xa9", 3);
	expected = memory_text("%.126s", longest);
	log = annotate_logged(longest);
	log_assert_text(log_first(&log, &received), "note", expected);
	assert_int_equal(unlink(script_log()), 0);
	log = annotate_logged("\"}\n{\"v\":1,\"type\":\"summary\"");
	log_assert_text(log_first(&log, &received), "note", "\"}\n{\"v\":1,\"type\":\"summary\"");
	assert_int_equal(unlink(script_log()), 0);
	log = annotate_logged("\xff");
	log_assert_text(log_first(&log, &received), "note", "\xef\xbf\xbd");
}

static void summary_comes_when_it_is_asked_for(void **state)
{
	static const struct log_match summary = {.type = "summary"};
	struct log log;

	(void)state;
	log = annotate_logged(NULL);
	assert_int_equal(log_count(&log, &summary), 2);
	log_assert_number(log_first(&log, &summary), "open_at_exit", 3);
	log_assert_number(log_last(&log, &summary), "open_at_exit", 0);
	assert_int_equal(unlink(script_log()), 0);
	annotate(script_options("summary=0"), NULL);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &summary), 1);
	log_assert_number(log_first(&log, &summary), "open_at_exit", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(program_runs_the_same_without_the_shim), TEST(note_stands_in_calls_states_and_findings),
		TEST(note_stands_in_the_text_of_a_finding),   TEST(note_is_bounded_and_cannot_forge_a_record),
		TEST(summary_comes_when_it_is_asked_for),
	};

	return cmocka_run_group_tests_name("annotate", tests, NULL, NULL);
}
