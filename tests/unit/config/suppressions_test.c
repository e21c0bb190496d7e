/*
 * Tests of shim/config/suppressions.h: which lines are taken, what is said about the others, and
 * what a pattern matches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "../../../shim/config/suppressions.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct spy_suppressions set;
static char complaint_text[8192];

/* Parses text as the file "my.supp" into an empty set and returns the complaints. */
static const char *parse(const char *text)
{
	struct spy_buf complaints = SPY_BUF(complaint_text);

	memset(&set, 0, sizeof(set));
	spy_suppressions_parse(&set, "my.supp", text, strlen(text), &complaints);
	return spy_buf_cstr(&complaints);
}

static bool glob(const char *pattern, const char *text)
{
	return spy_glob(pattern, strlen(pattern), text);
}

static void a_glob_matches_the_whole_text_and_nothing_less(void **state)
{
	static const struct {
		const char *pattern;
		const char *text;
		bool matches;
	} globs[] = {
		{"main", "main", true},
		{"main", "main2", false},
		{"main", "mai", false},
		{"main", "Main", false},
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"**", "", true},
		{"*", "anything/at.all", true},
		{"?", "", false},
		{"?", "a", true},
		{"?", "ab", false},
		{"??", "ab", true},
		{"?*", "", false},
		{"*?", "a", true},
		{"a*", "a", true},
		{"a*", "ba", false},
		{"*a", "bca", true},
		{"*a", "ab", false},
		{"a*c", "abcbc", true},
		{"a*c", "abcb", false},
		{"*handle_*_request", "my_handle_http_request", true},
		{"*handle_*_request", "my_handle_request", false},
		{"a*b*c*d", "axxbxxcxxd", true},
		{"a*b*c*d", "axxcxxbxxd", false},
		{"*.so*", "/usr/lib/libfoo.so.1", true},
		{"[a]", "a", false},
		{"[a]", "[a]", true},
		{"\\*", "\\anything", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(globs); i++)
		if (glob(globs[i].pattern, globs[i].text) != globs[i].matches)
			fail_msg("\"%s\" on \"%s\" is not %d", globs[i].pattern, globs[i].text, globs[i].matches);
}

static void a_glob_reads_no_further_than_its_length(void **state)
{
	(void)state;
	assert_true(spy_glob("main*garbage", 4, "main"));
	assert_true(spy_glob("main*garbage", 5, "mainly"));
	assert_false(spy_glob("main", 3, "main"));
}

static void a_pathological_glob_takes_no_exponential_time(void **state)
{
	char pattern[129];
	char text[2049];
	struct timespec before, after;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[sizeof(pattern) - 1] = 'b';
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_false(spy_glob(pattern, sizeof(pattern), text));
	clock_gettime(CLOCK_MONOTONIC, &after);
	/* A quarter of a million steps at most, where backtracking into every star takes ages. */
	assert_true(after.tv_sec - before.tv_sec < 2);
}

static void a_line_is_a_rule_and_a_pattern(void **state)
{
	(void)state;
	assert_string_equal(parse("close-wait-leak:pool_*\n*:libfoo.so*"), "");
	assert_int_equal(set.count, 2);
	assert_int_equal(set.entries[0].rule, SPY_RULE_close_wait_leak);
	assert_int_equal(set.entries[0].pattern_len, strlen("pool_*"));
	assert_memory_equal(set.entries[0].pattern, "pool_*", strlen("pool_*"));
	assert_int_equal(set.entries[1].rule, -1);
}

static void comments_blank_lines_and_blanks_around_words_are_skipped(void **state)
{
	(void)state;
	assert_string_equal(parse("# all of it\n\n   \t\r\n  double-close : f#1 g \t# why\r\n\t#\n"), "");
	assert_int_equal(set.count, 1);
	assert_int_equal(set.entries[0].rule, SPY_RULE_double_close);
	assert_int_equal(set.entries[0].pattern_len, strlen("f#1 g"));
	assert_memory_equal(set.entries[0].pattern, "f#1 g", strlen("f#1 g"));
}

static void a_pattern_may_hold_colons(void **state)
{
	(void)state;
	assert_string_equal(parse("*:ns::f"), "");
	assert_true(spy_suppressions_match(&set, SPY_RULE_eof_ignored, "ns::f", NULL));
}

static void each_bad_line_is_named_with_its_number_and_the_good_ones_are_kept(void **state)
{
	const char *complaints = parse("\nno colon here\n*:good\nclose-wait-leek:f\ndouble-close:  # nothing\n:f\n");

	(void)state;
	assert_int_equal(set.count, 1);
	assert_ptr_equal(strstr(complaints, "tcpwaitspy: my.supp:2: no ':' in \"no colon here\""), complaints);
	assert_non_null(strstr(complaints, "\ntcpwaitspy: my.supp:4: unknown rule \"close-wait-leek\"; valid are *, "));
	assert_non_null(strstr(complaints, ", close-wait-leak, "));
	assert_non_null(strstr(complaints, "\ntcpwaitspy: my.supp:5: no pattern in \"double-close:\""));
	assert_non_null(strstr(complaints, "\ntcpwaitspy: my.supp:6: unknown rule \"\"; "));
	assert_int_equal(complaints[strlen(complaints) - 1], '\n');
}

static void a_line_cannot_forge_another_complaint(void **state)
{
	struct spy_buf complaints = SPY_BUF(complaint_text);

	(void)state;
	assert_null(strchr(strchr(parse("\x1b[2Jevil\rtcpwaitspy: all is well"), '\n'), 't'));
	assert_null(strpbrk(complaint_text, "\x1b\r"));
	spy_suppressions_parse(&set, "a\nb", "bad", 3, &complaints);
	assert_ptr_equal(strchr(spy_buf_cstr(&complaints), '\n'), complaint_text + complaints.len - 1);
}

static void text_with_nul_bytes_is_read_to_its_end(void **state)
{
	static const char text[] = "*:a\0b\n*:c";
	struct spy_buf complaints = SPY_BUF(complaint_text);

	(void)state;
	memset(&set, 0, sizeof(set));
	spy_suppressions_parse(&set, "x", text, sizeof(text) - 1, &complaints);
	assert_int_equal(set.count, 2);
	assert_int_equal(set.entries[0].pattern_len, 3);
	spy_suppressions_parse(&set, "x", NULL, 0, &complaints);
	assert_int_equal(set.count, 2);
	assert_int_equal(complaints.len, 0);
}

static void the_set_is_bounded_and_says_so_once(void **state)
{
	char text[(SPY_SUPPRESSIONS_MAX + 3) * 4 + 1];
	struct spy_buf lines = SPY_BUF(text);
	const char *complaints;
	size_t i;

	(void)state;
	for (i = 0; i < SPY_SUPPRESSIONS_MAX + 3; i++)
		spy_buf_str(&lines, "*:f\n");
	complaints = parse(spy_buf_cstr(&lines));
	assert_int_equal(set.count, SPY_SUPPRESSIONS_MAX);
	assert_string_equal(complaints, "tcpwaitspy: my.supp:257: more than 256 suppressions; this line and those "
					"after it are not used\n");
}

static void a_suppression_matches_function_path_or_name_of_the_module(void **state)
{
	(void)state;
	parse("close-wait-leak:pool_get\n");
	assert_true(spy_suppressions_match(&set, SPY_RULE_close_wait_leak, "pool_get", "/usr/lib/libpool.so.1"));
	assert_false(spy_suppressions_match(&set, SPY_RULE_close_wait_leak, "pool_put", "/usr/lib/libpool.so.1"));
	parse("close-wait-leak:libpool.so*\n");
	assert_true(spy_suppressions_match(&set, SPY_RULE_close_wait_leak, "f", "/usr/lib/libpool.so.1"));
	assert_true(spy_suppressions_match(&set, SPY_RULE_close_wait_leak, NULL, "libpool.so.1"));
	assert_false(spy_suppressions_match(&set, SPY_RULE_close_wait_leak, "f", "/usr/lib/other.so"));
	parse("close-wait-leak:/opt/*\n");
	assert_true(spy_suppressions_match(&set, SPY_RULE_close_wait_leak, "", "/opt/lib/libpool.so.1"));
	assert_false(spy_suppressions_match(&set, SPY_RULE_close_wait_leak, "", "/usr/opt/x"));
}

static void a_suppression_is_for_its_rule_and_a_star_for_all(void **state)
{
	(void)state;
	parse("close-wait-leak:f\n");
	assert_false(spy_suppressions_match(&set, SPY_RULE_double_close, "f", NULL));
	parse("*:f\n");
	assert_true(spy_suppressions_match(&set, SPY_RULE_double_close, "f", NULL));
	assert_true(spy_suppressions_match(&set, SPY_RULE_close_wait_leak, "f", NULL));
}

static void a_frame_without_names_is_matched_by_a_star_alone(void **state)
{
	(void)state;
	parse("double-close:?*\n");
	assert_false(spy_suppressions_match(&set, SPY_RULE_double_close, NULL, NULL));
	parse("double-close:*\n");
	assert_true(spy_suppressions_match(&set, SPY_RULE_double_close, NULL, NULL));
}

static void an_empty_set_matches_nothing(void **state)
{
	(void)state;
	parse("");
	assert_false(spy_suppressions_match(&set, SPY_RULE_double_close, "f", "/bin/f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_glob_matches_the_whole_text_and_nothing_less),
		cmocka_unit_test(a_glob_reads_no_further_than_its_length),
		cmocka_unit_test(a_pathological_glob_takes_no_exponential_time),
		cmocka_unit_test(a_line_is_a_rule_and_a_pattern),
		cmocka_unit_test(comments_blank_lines_and_blanks_around_words_are_skipped),
		cmocka_unit_test(a_pattern_may_hold_colons),
		cmocka_unit_test(each_bad_line_is_named_with_its_number_and_the_good_ones_are_kept),
		cmocka_unit_test(a_line_cannot_forge_another_complaint),
		cmocka_unit_test(text_with_nul_bytes_is_read_to_its_end),
		cmocka_unit_test(the_set_is_bounded_and_says_so_once),
		cmocka_unit_test(a_suppression_matches_function_path_or_name_of_the_module),
		cmocka_unit_test(a_suppression_is_for_its_rule_and_a_star_for_all),
		cmocka_unit_test(a_frame_without_names_is_matched_by_a_star_alone),
		cmocka_unit_test(an_empty_set_matches_nothing),
	};

	return cmocka_run_group_tests_name("suppressions", tests, NULL, NULL);
}
