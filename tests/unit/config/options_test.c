/*
 * Tests of shim/config/options.h: how the variable is taken apart, what a bad value comes to, and
 * what is said about it. The values themselves are in kinds_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../shim/config/options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS	     UINT64_C(1000000)
#define S	     (1000 * MS)

enum {
#define OPTION(key, kind, field, value, meaning) OPTION_##field,
#include "../../../include/tcpwaitspy/options.def"
	OPTION_COUNT
};

static struct spy_options options;
static char complaint_text[65536];

/* Parses text into options and returns the complaints. */
static const char *parse(const char *text)
{
	struct spy_buf complaints = SPY_BUF(complaint_text);

	memset(&options, 0x55, sizeof(options));
	spy_options_parse(&options, text, &complaints);
	assert_false(complaints.truncated);
	return spy_buf_cstr(&complaints);
}

static size_t lines(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

static size_t rules_on(void)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < SPY_RULE_COUNT; i++)
		count += options.rule_on[i];
	return count;
}

static void assert_all_defaults(void)
{
	assert_string_equal(options.log, "stderr");
	assert_int_equal(options.format, SPY_FORMAT_TEXT);
	assert_int_equal(options.calls, SPY_CALLS_ALL);
	assert_int_equal(options.flush, SPY_FLUSH_LINE);
	assert_int_equal(options.close_wait_ns, 5 * S);
	assert_int_equal(options.fin_wait_ns, 30 * S);
	assert_int_equal(options.watch_ns, 1 * S);
	assert_int_equal(options.stack_frames, 16);
	assert_string_equal(options.rules, "all");
	assert_string_equal(options.suppressions, "");
	assert_int_equal(options.exitcode, 0);
	assert_true(options.summary);
	assert_int_equal(options.dump_signal, 0);
	assert_string_equal(options.metrics, "");
	assert_false(options.help);
	assert_int_equal(rules_on(), SPY_RULE_COUNT);
}

static void without_a_variable_everything_is_at_its_default(void **state)
{
	(void)state;
	assert_string_equal(parse(NULL), "");
	assert_all_defaults();
	assert_string_equal(parse(""), "");
	assert_all_defaults();
	memset(&options, 0x55, sizeof(options));
	spy_options_defaults(&options);
	assert_all_defaults();
}

static void every_key_sets_its_member(void **state)
{
	(void)state;
	assert_string_equal(parse("log=app.%p.json:format=json:calls=lifecycle:flush=buffer:close_wait=500ms:"
				  "fin_wait=2m:watch=0:stack=64:rules=-eof-ignored:suppressions=my.supp:exitcode=255:"
				  "summary=0:dump_signal=USR2:metrics=/run/%e.prom:help=1"),
			    "");
	assert_string_equal(options.log, "app.%p.json");
	assert_int_equal(options.format, SPY_FORMAT_JSON);
	assert_int_equal(options.calls, SPY_CALLS_LIFECYCLE);
	assert_int_equal(options.flush, SPY_FLUSH_BUFFER);
	assert_int_equal(options.close_wait_ns, 500 * MS);
	assert_int_equal(options.fin_wait_ns, 120 * S);
	assert_int_equal(options.watch_ns, 0);
	assert_int_equal(options.stack_frames, 64);
	assert_string_equal(options.rules, "-eof-ignored");
	assert_false(options.rule_on[SPY_RULE_eof_ignored]);
	assert_int_equal(rules_on(), SPY_RULE_COUNT - 1);
	assert_string_equal(options.suppressions, "my.supp");
	assert_int_equal(options.exitcode, 255);
	assert_false(options.summary);
	assert_int_equal(options.dump_signal, SIGUSR2);
	assert_string_equal(options.metrics, "/run/%e.prom");
	assert_true(options.help);
}

static void empty_segments_are_ignored(void **state)
{
	(void)state;
	assert_string_equal(parse(":"), "");
	assert_all_defaults();
	assert_string_equal(parse("::stack=3::calls=none:"), "");
	assert_int_equal(options.stack_frames, 3);
	assert_int_equal(options.calls, SPY_CALLS_NONE);
}

static void the_last_of_two_equal_keys_counts(void **state)
{
	(void)state;
	assert_string_equal(parse("stack=3:stack=4:rules=-all:rules=-eof-ignored"), "");
	assert_int_equal(options.stack_frames, 4);
	assert_int_equal(rules_on(), SPY_RULE_COUNT - 1);
	assert_int_equal(lines(parse("stack=3:stack=x")), 1);
	assert_int_equal(options.stack_frames, 16);
}

static void a_value_may_hold_escaped_colons_equals_signs_and_backslashes(void **state)
{
	(void)state;
	assert_string_equal(parse("log=C\\:\\dir\\:a=b\\\\:stack=1"), "");
	assert_string_equal(options.log, "C:\\dir:a=b\\:stack=1");
	assert_int_equal(options.stack_frames, 16);
	assert_string_equal(parse("log=a\\"), "");
	assert_string_equal(options.log, "a\\");
}

static void zero_is_a_time_for_close_wait_and_watch_only(void **state)
{
	(void)state;
	assert_string_equal(parse("close_wait=0:watch=0"), "");
	assert_int_equal(options.close_wait_ns, 0);
	assert_int_equal(options.watch_ns, 0);
	assert_string_equal(parse("close_wait=0ms:watch=0.0s"), "");
	assert_int_equal(options.close_wait_ns, 0);
	assert_int_equal(options.watch_ns, 0);
	assert_int_equal(lines(parse("fin_wait=0")), 1);
	assert_int_equal(options.fin_wait_ns, 30 * S);
}

static void a_bad_value_is_complained_about_and_the_default_is_used(void **state)
{
	static const struct {
		const char *key;
		const char *value;
	} bad[] = {
		{"log", ""},	      {"format", "xml"},  {"calls", "some"}, {"flush", "lines"},
		{"close_wait", "5x"}, {"fin_wait", "0"},  {"watch", "1"},    {"stack", "65"},
		{"exitcode", "256"},  {"summary", "yes"}, {"help", ""},	     {"dump_signal", "SIGKILL"},
	};
	char text[128];
	char expected[128];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "%s=%s", bad[i].key, bad[i].value);
		snprintf(expected, sizeof(expected),
			 "tcpwaitspy: bad value \"%s\" for %s in TCPWAITSPY_OPTIONS: ", bad[i].value, bad[i].key);
		parse(text);
		if (strstr(complaint_text, expected) != complaint_text || lines(complaint_text) != 1)
			fail_msg("%s: \"%s\"", text, complaint_text);
		assert_all_defaults();
	}
}

static void a_complaint_names_what_is_valid_and_what_is_used(void **state)
{
	(void)state;
	assert_string_equal(parse("fin_wait=5x"),
			    "tcpwaitspy: bad value \"5x\" for fin_wait in TCPWAITSPY_OPTIONS: a time such as 500ms, "
			    "5s or 1m is valid; using 30s\n");
	assert_string_equal(parse("calls=some"),
			    "tcpwaitspy: bad value \"some\" for calls in TCPWAITSPY_OPTIONS: all, lifecycle or none "
			    "is valid; using all\n");
	assert_string_equal(parse("stack=65"), "tcpwaitspy: bad value \"65\" for stack in TCPWAITSPY_OPTIONS: a number "
					       "from 0 to 64 is valid; using 16\n");
	assert_non_null(strstr(parse("dump_signal=KILL"), "; using none\n"));
}

static void an_unknown_key_is_complained_about_with_the_valid_ones(void **state)
{
	(void)state;
	assert_ptr_equal(strstr(parse("logg=x:stack=1"), "tcpwaitspy: unknown option \"logg\" in "
							 "TCPWAITSPY_OPTIONS; valid are log, format, calls, "),
			 complaint_text);
	assert_int_equal(lines(complaint_text), 1);
	assert_int_equal(options.stack_frames, 1);
	assert_int_equal(lines(parse("Log=x:lo=x:=x:log =x: log=x:json")), 6);
	assert_all_defaults();
}

static void a_key_without_a_value_is_complained_about(void **state)
{
	(void)state;
	assert_int_equal(strncmp(parse("help"), "tcpwaitspy: no '=' after \"help\" in TCPWAITSPY_OPTIONS; ", 55), 0);
	assert_int_equal(lines(complaint_text), 1);
	assert_all_defaults();
}

static void complaints_cannot_forge_a_line(void **state)
{
	(void)state;
	assert_int_equal(lines(parse("a\nb=1:log\n:format=x\n==1== ERROR\\: all is lost\x1b[0m:rules=-a\nb")), 4);
	assert_null(strchr(complaint_text, '\x1b'));
	assert_non_null(strstr(complaint_text, "\"x\\x0a==1== ERROR\\x5c: all is lost\\x1b[0m\" for format"));
}

static void a_long_value_is_cut_in_the_complaint(void **state)
{
	char text[4096] = "format=";

	(void)state;
	memset(text + 7, 'x', sizeof(text) - 8);
	assert_int_equal(lines(parse(text)), 1);
	assert_true(strlen(complaint_text) < 200);
	assert_non_null(strstr(complaint_text, "xxx...\" for format"));
}

static void a_path_fits_or_is_refused_but_never_cut(void **state)
{
	char text[SPY_PATH_MAX + 5] = "log=";

	(void)state;
	memset(text + 4, 'x', SPY_PATH_MAX);
	assert_int_equal(lines(parse(text)), 1);
	assert_string_equal(options.log, "stderr");
	text[4 + SPY_PATH_MAX - 1] = '\0';
	assert_string_equal(parse(text), "");
	assert_string_equal(options.log, text + 4);
	/* The escaped form may be longer than the value. */
	memcpy(text + 4, "\\:", 2);
	assert_string_equal(parse(text), "");
	assert_int_equal(strlen(options.log), SPY_PATH_MAX - 2);
}

static void rules_are_applied_from_left_to_right(void **state)
{
	(void)state;
	assert_string_equal(parse("rules=-all,+eof-ignored"), "");
	assert_int_equal(rules_on(), 1);
	assert_true(options.rule_on[SPY_RULE_eof_ignored]);
	assert_string_equal(parse("rules=-all,+all,-eof-ignored,-double-close,+double-close"), "");
	assert_int_equal(rules_on(), SPY_RULE_COUNT - 1);
	assert_false(options.rule_on[SPY_RULE_eof_ignored]);
	assert_string_equal(parse("rules=,,-eof-ignored,,"), "");
	assert_int_equal(rules_on(), SPY_RULE_COUNT - 1);
	assert_string_equal(parse("rules=all"), "");
	assert_int_equal(rules_on(), SPY_RULE_COUNT);
}

static void a_bad_rule_is_complained_about_and_the_others_are_applied(void **state)
{
	(void)state;
	assert_int_equal(lines(parse("rules=-eof-ignord,double-close,-eof-ignored,-,+,-All")), 5);
	assert_non_null(strstr(complaint_text, "tcpwaitspy: unknown rule \"-eof-ignord\" for rules in "
					       "TCPWAITSPY_OPTIONS; valid are all, recv-after-close, "));
	assert_non_null(strstr(complaint_text, "tcpwaitspy: no - or + before rule \"double-close\" for rules"));
	assert_int_equal(rules_on(), SPY_RULE_COUNT - 1);
	assert_false(options.rule_on[SPY_RULE_eof_ignored]);
}

static void complaints_that_do_not_fit_are_left_out_as_whole_lines(void **state)
{
	const char *whole = parse("format=x:calls=y:flush=z");
	size_t whole_len = strlen(whole);
	size_t size;

	(void)state;
	for (size = 0; size <= whole_len; size++) {
		char *data = malloc(size + 1);
		struct spy_buf complaints = {.data = data, .size = size};

		spy_options_parse(&options, "format=x:calls=y:flush=z", &complaints);
		assert_memory_equal(data, whole, complaints.len);
		assert_true(complaints.len == 0 || data[complaints.len - 1] == '\n');
		assert_int_equal(complaints.truncated, size < whole_len);
		free(data);
	}
}

/* Texts of the characters that mean something, in every order of a simple generator. */
static void random_texts_leave_valid_options_and_whole_lines(void **state)
{
	static const char *const words[] = {"log", "rules", "stack", "close_wait",  "dump_signal",
					    "=",   "=",	    ":",     "\\",	    "-",
					    "+",   ",",	    "all",   "eof-ignored", "0",
					    "5",   ".",	    "ms",    "s",	    "m",
					    "\n",  "\xff",  "USR2",  "SIG",	    "18446744073709551615"};
	uint32_t seed = 1;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		char text[256];
		struct spy_buf composed = SPY_BUF(text);
		unsigned int count;

		for (count = 0; count < 12; count++) {
			seed = seed * 1664525 + 1013904223;
			spy_buf_str(&composed, words[(seed >> 16) % COUNT(words)]);
		}
		parse(spy_buf_cstr(&composed));
		assert_true(*complaint_text == '\0' || complaint_text[strlen(complaint_text) - 1] == '\n');
		assert_true(options.stack_frames <= SPY_STACK_FRAMES_MAX);
		assert_true(options.close_wait_ns <= INT64_MAX);
		assert_true(options.log[0] != '\0');
		assert_true(options.dump_signal == 0 || options.dump_signal == SIGUSR2);
	}
}

static void help_is_a_table_of_aligned_columns(void **state)
{
	static char text[8192];
	struct spy_buf out = SPY_BUF(text);
	size_t default_column = 0;
	char *line;

	(void)state;
	parse("close_wait=1500ms:fin_wait=90s:watch=120s:dump_signal=USR1:calls=none:log=a\nb");
	spy_options_help(&options, &out);
	spy_buf_cstr(&out);
	assert_false(out.truncated);
	assert_int_equal(lines(text), OPTION_COUNT);
	assert_non_null(strstr(text, "log           a\\x0ab  (default stderr)  stderr, or a path"));
	assert_non_null(strstr(text, "\nclose_wait    1500ms  (default 5s)      how long"));
	assert_non_null(strstr(text, "\nfin_wait      90s     (default 30s)     the same"));
	assert_non_null(strstr(text, "\nwatch         2m      (default 1s) "));
	assert_non_null(strstr(text, "\ncalls         none    (default all) "));
	assert_non_null(strstr(text, "\nrules         all     (default all) "));
	assert_non_null(strstr(text, "\nsuppressions  none    (default none)    a file"));
	assert_non_null(strstr(text, "\ndump_signal   USR1    (default none)    a signal"));
	for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		size_t column = (size_t)(strstr(line, "(default ") - line);

		assert_true(default_column == 0 || column == default_column);
		default_column = column;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_variable_everything_is_at_its_default),
		cmocka_unit_test(every_key_sets_its_member),
		cmocka_unit_test(empty_segments_are_ignored),
		cmocka_unit_test(the_last_of_two_equal_keys_counts),
		cmocka_unit_test(a_value_may_hold_escaped_colons_equals_signs_and_backslashes),
		cmocka_unit_test(zero_is_a_time_for_close_wait_and_watch_only),
		cmocka_unit_test(a_bad_value_is_complained_about_and_the_default_is_used),
		cmocka_unit_test(a_complaint_names_what_is_valid_and_what_is_used),
		cmocka_unit_test(an_unknown_key_is_complained_about_with_the_valid_ones),
		cmocka_unit_test(a_key_without_a_value_is_complained_about),
		cmocka_unit_test(complaints_cannot_forge_a_line),
		cmocka_unit_test(a_long_value_is_cut_in_the_complaint),
		cmocka_unit_test(a_path_fits_or_is_refused_but_never_cut),
		cmocka_unit_test(rules_are_applied_from_left_to_right),
		cmocka_unit_test(a_bad_rule_is_complained_about_and_the_others_are_applied),
		cmocka_unit_test(complaints_that_do_not_fit_are_left_out_as_whole_lines),
		cmocka_unit_test(random_texts_leave_valid_options_and_whole_lines),
		cmocka_unit_test(help_is_a_table_of_aligned_columns),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
