/*
 * The metrics: what they say of a running program, and of one that has ended.
 */
#include "../../support/prom.h"
#include "../../support/test.h"

#include <string.h>

/* The client has gone and its end of file was read, but not answered. */
#define LEAK SCRIPT_PAIR "send c hello; recv a 9; close c; recv a 9\n"

static const struct prom_match in_close_wait = {"connections", {"state=\"CLOSE_WAIT\""}};

static void running_program_shows_its_states(void **state)
{
	struct run_process *script;
	const char *text;

	(void)state;
	script = script_start(prom_options(NULL));
	script_say_all(script, LEAK);
	prom_wait(prom_path(), &in_close_wait, 1);
	text = prom_wait(prom_path(), &(const struct prom_match){"connections", {"state=\"FIN_WAIT_2\""}}, 1);
	assert_true(prom_state(text, "LISTEN") == 1);
	assert_true(prom_state(text, "ESTABLISHED") == 0);
	assert_true(prom_value(text, &prom_up) == 1);
	assert_true(prom_value(text, &(const struct prom_match){"connections_accepted_total", {0}}) == 1);
	assert_true(prom_value(text, &(const struct prom_match){"connections_opened_total", {0}}) == 1);
	assert_int_equal(prom_count(text, &(const struct prom_match){"up",
								     {memory_text("pid=\"%d\"", (int)run_pid(script)),
								      "program=\"script\""}}),
			 1);
	script_say(script, "close a");
	prom_wait(prom_path(), &in_close_wait, 0);
	script_say(script, "close s");
}

static const struct prom_match written = {"last_write_timestamp_seconds", {0}};

static bool is_written_after(void *first)
{
	const char *text = file_read(prom_path(), NULL);

	return text && prom_value(text, &written) > *(double *)first;
}

static void file_is_rewritten_every_watch_period(void **state)
{
	struct run_process *script;
	double first;

	(void)state;
	script = script_start(prom_options(NULL));
	script_say_all(script, SCRIPT_PAIR);
	first = prom_value(prom_wait(prom_path(), &prom_up, 1), &written);
	test_until(is_written_after, &first, "the next writing");
	assert_true(prom_value(file_read(prom_path(), NULL), &written) - first < 5);
}

static void promtool_has_nothing_to_remark(void **state)
{
	(void)state;
	test_require("promtool");
	prom_check(prom_run("close_wait=1ms", LEAK "recv a 9 dontwait; send a x; close c; close c\n"));
}

static void findings_have_their_places(void **state)
{
	const char *text;

	(void)state;
	text = prom_run(NULL, SCRIPT_PAIR "close c; close c; close c; recv c 9\n");
	assert_true(prom_value(text, &(const struct prom_match){"findings_total",
								{"rule=\"double-close\"", "severity=\"error\""}}) == 2);
	assert_true(prom_value(text, &(const struct prom_match){"findings_total", {"rule=\"recv-after-close\""}}) == 1);
	assert_true(prom_value(text, &(const struct prom_match){"findings_total", {"rule=\"sigpipe\""}}) == 0);
	assert_true(prom_value(text, &(const struct prom_match){"place_findings_total",
								{"rule=\"double-close\"", "function=\"word_close\"",
								 "module=\"script\""}}) == 2);
}

static void suppressed_findings_are_not_counted(void **state)
{
	const char *path = file_temp("supp");
	const char *text;

	(void)state;
	file_write(path, "double-close:word_close\n");
	text = prom_run(memory_text("suppressions=%s", path), SCRIPT_PAIR "close c; close c; recv c 9\n");
	assert_true(prom_value(text, &(const struct prom_match){"findings_total", {"rule=\"double-close\""}}) == 0);
	assert_int_equal(
		prom_count(text, &(const struct prom_match){"place_findings_total", {"rule=\"double-close\""}}), 0);
	assert_true(prom_value(text, &(const struct prom_match){"findings_total", {"rule=\"recv-after-close\""}}) == 1);
}

static void calls_and_errors_are_counted_in_every_mode(void **state)
{
	static const char *const modes[] = {"calls=all:log=/dev/null", "calls=lifecycle:log=/dev/null", "calls=none"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		const char *text = prom_run(modes[i], SCRIPT_PAIR "recv a 9 dontwait; recv a 9 dontwait; send c hello\n"
								  "recv a 2; recv a 9; connect c 127.0.0.1 @s\n"
								  "close c; recv a 9; close a; close s\n");

		assert_true(prom_value(text, &(const struct prom_match){"calls_total", {"call=\"socket\""}}) == 2);
		assert_true(prom_value(text, &(const struct prom_match){"calls_total", {"call=\"recv\""}}) == 5);
		assert_true(prom_value(text, &(const struct prom_match){"calls_total", {"call=\"send\""}}) == 1);
		assert_true(prom_value(text, &(const struct prom_match){"calls_total", {"call=\"accept\""}}) == 1);
		assert_true(prom_value(text, &(const struct prom_match){"calls_total", {"call=\"close\""}}) == 3);
		assert_true(prom_value(text, &(const struct prom_match){"call_errors_total",
									{"call=\"recv\"", "errno=\"EAGAIN\""}}) == 2);
		assert_true(prom_value(text, &(const struct prom_match){"call_errors_total",
									{"call=\"connect\"", "errno=\"EISCONN\""}}) ==
			    1);
		assert_int_equal(prom_count(text, &(const struct prom_match){"call_errors_total", {0}}), 2);
	}
}

static void stays_are_a_histogram_once_they_are_over(void **state)
{
	static const struct prom_match count = {"wait_duration_seconds_count", {"state=\"CLOSE_WAIT\""}};
	static const struct prom_match oldest = {"connections_oldest_seconds", {"state=\"CLOSE_WAIT\""}};
	struct run_process *script;
	const char *text;

	(void)state;
	script = script_start(prom_options(NULL));
	script_say_all(script, LEAK);
	text = prom_wait(prom_path(), &in_close_wait, 1);
	assert_true(prom_value(text, &count) == 0);
	assert_true(prom_value(text, &oldest) > 0);
	script_say(script, "close a");
	text = prom_wait(prom_path(), &count, 1);
	assert_true(prom_value(text, &oldest) == 0);
	assert_true(prom_value(text, &(const struct prom_match){"wait_duration_seconds_bucket",
								{"state=\"CLOSE_WAIT\"", "le=\"+Inf\""}}) == 1);
	assert_true(prom_value(text,
			       &(const struct prom_match){"wait_duration_seconds_sum", {"state=\"CLOSE_WAIT\""}}) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(running_program_shows_its_states),		TEST(file_is_rewritten_every_watch_period),
		TEST(promtool_has_nothing_to_remark),		TEST(findings_have_their_places),
		TEST(suppressed_findings_are_not_counted),	TEST(calls_and_errors_are_counted_in_every_mode),
		TEST(stays_are_a_histogram_once_they_are_over),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
