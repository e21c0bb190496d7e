/*
 * Tests of shim/config/kinds.h: which values each kind of option takes, up to the edges, and that a
 * refused one changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>

#include "../../../shim/config/kinds.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS	     UINT64_C(1000000)
#define S	     (1000 * MS)

static uint64_t time_of(const struct spy_option_kind *kind, const char *value)
{
	uint64_t ns = 4711;

	if (!kind->read(kind, value, &ns))
		fail_msg("\"%s\" is refused", value);
	return ns;
}

static void times_are_integers_or_decimals_with_a_unit(void **state)
{
	static const struct {
		const char *value;
		uint64_t ns;
	} times[] = {
		{"1ms", MS},
		{"1s", S},
		{"1m", 60 * S},
		{"1.5s", 1500 * MS},
		{"0.25m", 15 * S},
		{"0.5ms", 500000},
		{"007s", 7 * S},
		{"1.000000001s", S + 1},
		{"1.0000000019s", S + 1},
		{"0.000001ms", 1},
		{"0.0000000001m", 6},
		{"9223372036.854775807s", INT64_MAX},
		{"9223372036854.775807ms", INT64_MAX},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(times); i++) {
		if (time_of(&spy_option_TIME, times[i].value) != times[i].ns)
			fail_msg("%s is read as another time", times[i].value);
		assert_int_equal(time_of(&spy_option_TIME_OR_0, times[i].value), times[i].ns);
	}
}

static void zero_is_a_time_where_the_kind_says_so(void **state)
{
	static const char *const zeros[] = {"0", "0s", "0ms", "0.0m"};
	uint64_t ns = 4711;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(zeros); i++) {
		assert_int_equal(time_of(&spy_option_TIME_OR_0, zeros[i]), 0);
		assert_false(spy_option_TIME.read(&spy_option_TIME, zeros[i], &ns));
	}
	assert_int_equal(ns, 4711);
}

/* Each kind with values that it must refuse. */
static const struct {
	const char *name;
	const struct spy_option_kind *kind;
	const char *values[16];
} refused[] = {
	{"time form",
	 &spy_option_TIME_OR_0,
	 {"", "5", "5x", "s", ".5s", "5.s", "5 s", " 5s", "5s ", "+5s", "-5s", "5S", "1.5.5s", "5ss", "0x5s", "5us"}},
	{"time form", &spy_option_TIME_OR_0, {"00", "0.", "0.0", "-0", "1,5s", "1e3s", "inf", "nan", "5h", "5\n"}},
	{"time range",
	 &spy_option_TIME_OR_0,
	 {"9223372036.854775808s", "9223372037s", "153722868m", "9223372036855ms", "18446744074s",
	  "18446744073709551615s", "18446744073709551616ms", "99999999999999999999999s", "0.0000000001s",
	  "0.0000001ms"}},
	{"count",
	 &spy_option_COUNT,
	 {"", "65", "-1", "+1", "1.0", "0x10", "16 ", " 16", "a", "4294967296", "18446744073709551615",
	  "18446744073709551616"}},
	{"size",
	 &spy_option_SIZE,
	 {"", "M", "255K", "262143", "65G", "64m", "64MB", "64 M", "-1M", "+1M", "1.5G", "0", "17179869184G",
	  "18446744073709551616", "18014398509481984K", "1KM"}},
	{"exit", &spy_option_EXIT, {"", "256", "-1", "1s", "18446744073709551617"}},
	{"switch", &spy_option_SWITCH, {"", "2", "yes", "true", "on", "-1"}},
	{"signal",
	 &spy_option_SIGNAL,
	 {"KILL", "STOP", "SIGKILL", "SIGSTOP", "SEGV", "BUS", "FPE", "ILL", "SIGSEGV", "usr2", "SIGSIGUSR2", "SIG",
	  "12", "USR", "USR22", "sigUSR2"}},
	{"format", &spy_option_CHOICE_FORMAT, {"", "xml", "Text", "text ", "jso", "jsonl"}},
	{"calls", &spy_option_CHOICE_CALLS, {"", "some", "ALL", "0"}},
	{"flush", &spy_option_CHOICE_FLUSH, {"", "lines", "1"}},
};

static void what_no_kind_takes_is_refused_and_changes_nothing(void **state)
{
	size_t i;
	size_t v;

	(void)state;
	for (i = 0; i < COUNT(refused); i++) {
		for (v = 0; v < COUNT(refused[i].values) && refused[i].values[v] != NULL; v++) {
			uint64_t member = 4711;

			if (refused[i].kind->read(refused[i].kind, refused[i].values[v], &member))
				fail_msg("\"%s\" is taken as %s", refused[i].values[v], refused[i].name);
			assert_int_equal(member, 4711);
		}
	}
}

static void numbers_are_taken_up_to_their_limits(void **state)
{
	unsigned int count;
	int status;
	bool on;

	(void)state;
	assert_true(spy_option_COUNT.read(&spy_option_COUNT, "0", &count));
	assert_int_equal(count, 0);
	assert_true(spy_option_COUNT.read(&spy_option_COUNT, "64", &count));
	assert_int_equal(count, SPY_STACK_FRAMES_MAX);
	assert_true(spy_option_COUNT.read(&spy_option_COUNT, "007", &count));
	assert_int_equal(count, 7);
	assert_true(spy_option_EXIT.read(&spy_option_EXIT, "255", &status));
	assert_int_equal(status, 255);
	assert_true(spy_option_SWITCH.read(&spy_option_SWITCH, "1", &on));
	assert_true(on);
	assert_true(spy_option_SWITCH.read(&spy_option_SWITCH, "0", &on));
	assert_false(on);
}

static void choices_are_the_numbers_of_their_enumerations(void **state)
{
	enum spy_format format;
	enum spy_calls_mode calls;
	enum spy_flush flush;

	(void)state;
	assert_true(spy_option_CHOICE_FORMAT.read(&spy_option_CHOICE_FORMAT, "text", &format));
	assert_int_equal(format, SPY_FORMAT_TEXT);
	assert_true(spy_option_CHOICE_FORMAT.read(&spy_option_CHOICE_FORMAT, "json", &format));
	assert_int_equal(format, SPY_FORMAT_JSON);
	assert_true(spy_option_CHOICE_CALLS.read(&spy_option_CHOICE_CALLS, "all", &calls));
	assert_int_equal(calls, SPY_CALLS_ALL);
	assert_true(spy_option_CHOICE_CALLS.read(&spy_option_CHOICE_CALLS, "lifecycle", &calls));
	assert_int_equal(calls, SPY_CALLS_LIFECYCLE);
	assert_true(spy_option_CHOICE_CALLS.read(&spy_option_CHOICE_CALLS, "none", &calls));
	assert_int_equal(calls, SPY_CALLS_NONE);
	assert_true(spy_option_CHOICE_FLUSH.read(&spy_option_CHOICE_FLUSH, "line", &flush));
	assert_int_equal(flush, SPY_FLUSH_LINE);
	assert_true(spy_option_CHOICE_FLUSH.read(&spy_option_CHOICE_FLUSH, "buffer", &flush));
	assert_int_equal(flush, SPY_FLUSH_BUFFER);
}

static void a_signal_is_named_with_or_without_sig(void **state)
{
	int number;

	(void)state;
	assert_true(spy_option_SIGNAL.read(&spy_option_SIGNAL, "USR2", &number));
	assert_int_equal(number, SIGUSR2);
	assert_true(spy_option_SIGNAL.read(&spy_option_SIGNAL, "SIGHUP", &number));
	assert_int_equal(number, SIGHUP);
	assert_true(spy_option_SIGNAL.read(&spy_option_SIGNAL, "", &number));
	assert_int_equal(number, 0);
}

static void a_text_is_taken_up_to_the_size_of_its_member(void **state)
{
	static char value[SPY_PATH_MAX + 1];
	static spy_option_TEXT_t member;

	(void)state;
	memset(value, 'x', SPY_PATH_MAX);
	assert_false(spy_option_TEXT.read(&spy_option_TEXT, value, member));
	assert_string_equal(member, "");
	value[SPY_PATH_MAX - 1] = '\0';
	assert_true(spy_option_TEXT.read(&spy_option_TEXT, value, member));
	assert_string_equal(member, value);
}

static void a_time_is_written_in_the_largest_unit_that_divides_it(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} times[] = {
		{0, "0"}, {120 * S, "2m"}, {90 * S, "90s"}, {1500 * MS, "1500ms"}, {250000, "0.250000ms"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(times); i++) {
		char data[64];
		struct spy_buf out = SPY_BUF(data);

		spy_option_TIME.print(&spy_option_TIME, &times[i].ns, &out);
		assert_string_equal(spy_buf_cstr(&out), times[i].text);
		assert_int_equal(time_of(&spy_option_TIME_OR_0, data), times[i].ns);
	}
}

static void a_size_is_in_bytes_or_has_a_unit_and_is_written_in_the_largest(void **state)
{
	static const struct {
		const char *value;
		uint64_t size;
		const char *text;
	} sizes[] = {
		{"256K", 262144, "256K"},
		{"262144", 262144, "256K"},
		{"262145", 262145, "262145"},
		{"64M", 64 << 20, "64M"},
		{"1024K", 1 << 20, "1M"},
		{"64G", UINT64_C(64) << 30, "64G"},
		{"1536M", UINT64_C(1536) << 20, "1536M"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint64_t size = 0;
		char data[64];
		struct spy_buf out = SPY_BUF(data);

		assert_true(spy_option_SIZE.read(&spy_option_SIZE, sizes[i].value, &size));
		assert_int_equal(size, sizes[i].size);
		spy_option_SIZE.print(&spy_option_SIZE, &size, &out);
		assert_string_equal(spy_buf_cstr(&out), sizes[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_integers_or_decimals_with_a_unit),
		cmocka_unit_test(zero_is_a_time_where_the_kind_says_so),
		cmocka_unit_test(what_no_kind_takes_is_refused_and_changes_nothing),
		cmocka_unit_test(numbers_are_taken_up_to_their_limits),
		cmocka_unit_test(a_size_is_in_bytes_or_has_a_unit_and_is_written_in_the_largest),
		cmocka_unit_test(choices_are_the_numbers_of_their_enumerations),
		cmocka_unit_test(a_signal_is_named_with_or_without_sig),
		cmocka_unit_test(a_text_is_taken_up_to_the_size_of_its_member),
		cmocka_unit_test(a_time_is_written_in_the_largest_unit_that_divides_it),
	};

	return cmocka_run_group_tests_name("kinds", tests, NULL, NULL);
}
