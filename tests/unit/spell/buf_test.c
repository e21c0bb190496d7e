/*
 * Tests of shim/spell/buf.h: what ages, addresses, JSON strings and plain text look like, at the edges of
 * their types and of the buffer.
 */
#include <sys/socket.h>

#include "../../../include/tcpwaitspy/event.h"
#include "composes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void an_age_is_rounded_down_to_what_people_want_to_know(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} ages[] = {
		{0, "0 ms"},
		{999999, "0 ms"},
		{UINT64_C(120000000), "120 ms"},
		{UINT64_C(999999999), "999 ms"},
		{UINT64_C(1000000000), "1.0 s"},
		{UINT64_C(5000000000), "5.0 s"},
		{UINT64_C(59999999999), "59.9 s"},
		{UINT64_C(60000000000), "1 min 0 s"},
		{UINT64_C(125000000000), "2 min 5 s"},
		{UINT64_C(3599999999999), "59 min 59 s"},
		{UINT64_C(3600000000000), "1 h 0 min"},
		{UINT64_C(11240000000000), "3 h 7 min"},
		{UINT64_C(86399999999999), "23 h 59 min"},
		{UINT64_C(86400000000000), "1 d 0 h"},
		{UINT64_MAX, "213503 d 23 h"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(ages); i++)
		assert_composes(ages[i].text, spy_buf_age(&buf, ages[i].ns));
}

static void an_ipv4_endpoint_is_address_and_port(void **state)
{
	struct spy_addr addr = {.ip = {127, 0, 0, 1}, .port = 5197, .family = AF_INET};

	(void)state;
	assert_composes("127.0.0.1:5197", spy_buf_addr(&buf, &addr));
	addr = (struct spy_addr){.ip = {255, 255, 255, 255}, .port = 65535, .family = AF_INET};
	assert_composes("255.255.255.255:65535", spy_buf_addr(&buf, &addr));
	addr = (struct spy_addr){.port = 0, .family = AF_INET};
	assert_composes("0.0.0.0:0", spy_buf_addr(&buf, &addr));
}

static void an_unknown_endpoint_is_nothing(void **state)
{
	struct spy_addr addr = {.ip = {127, 0, 0, 1}, .port = 5197};

	(void)state;
	assert_composes("", spy_buf_addr(&buf, &addr));
	addr.family = AF_UNIX;
	assert_composes("", spy_buf_addr(&buf, &addr));
}

/* The examples of RFC 5952, section 4, and the forms that this tool meets most. */
static void an_ipv6_endpoint_is_written_as_rfc_5952_says(void **state)
{
	static const struct {
		uint16_t groups[8];
		uint32_t scope;
		const char *text;
	} addrs[] = {
		{{0}, 0, "[::]:80"},
		{{0, 0, 0, 0, 0, 0, 0, 1}, 0, "[::1]:80"},
		{{0x2001, 0xdb8, 0, 0, 0, 0, 0, 1}, 0, "[2001:db8::1]:80"},
		{{0x2001, 0xdb8, 0, 0, 0, 0, 2, 1}, 0, "[2001:db8::2:1]:80"},
		{{0x2001, 0xdb8, 0, 1, 1, 1, 1, 1}, 0, "[2001:db8:0:1:1:1:1:1]:80"},
		{{0x2001, 0, 0, 1, 0, 0, 0, 1}, 0, "[2001:0:0:1::1]:80"},
		{{0x2001, 0xdb8, 0, 0, 1, 0, 0, 1}, 0, "[2001:db8::1:0:0:1]:80"},
		{{0x2001, 0xdb8, 0, 0, 0, 0, 0, 0}, 0, "[2001:db8::]:80"},
		{{0, 0, 1, 2, 3, 4, 5, 6}, 0, "[::1:2:3:4:5:6]:80"},
		{{1, 2, 3, 4, 5, 6, 7, 0}, 0, "[1:2:3:4:5:6:7:0]:80"},
		{{0, 1, 0, 1, 0, 1, 0, 1}, 0, "[0:1:0:1:0:1:0:1]:80"},
		{{0xaaaa, 0xbbbb, 0xcccc, 0xdddd, 0xeeee, 0xffff, 0x1111, 0xabcd},
		 0,
		 "[aaaa:bbbb:cccc:dddd:eeee:ffff:1111:abcd]:80"},
		{{0xfe80, 0, 0, 0, 0, 0, 0, 1}, 2, "[fe80::1%2]:80"},
		{{0xfe80, 0, 0, 0, 0, 0, 0, 1}, UINT32_MAX, "[fe80::1%4294967295]:80"},
		{{0, 0, 0, 0, 0, 0xffff, 0x7f00, 1}, 0, "[::ffff:127.0.0.1]:80"},
		{{0, 0, 0, 0, 0, 0xffff, 0, 0}, 0, "[::ffff:0.0.0.0]:80"},
		{{0, 0, 0, 0, 0xffff, 0, 0x7f00, 1}, 0, "[::ffff:0:7f00:1]:80"},
	};
	size_t i;
	size_t g;

	(void)state;
	for (i = 0; i < COUNT(addrs); i++) {
		struct spy_addr addr = {.scope_id = addrs[i].scope, .port = 80, .family = AF_INET6};

		for (g = 0; g < 8; g++) {
			addr.ip[2 * g] = (uint8_t)(addrs[i].groups[g] >> 8);
			addr.ip[2 * g + 1] = (uint8_t)addrs[i].groups[g];
		}
		assert_composes(addrs[i].text, spy_buf_addr(&buf, &addr));
	}
}

/* Texts with what they become in JSON and in the text log; lengths are given, so that NUL may occur. */
static const struct {
	const char *name;
	const char *text;
	size_t len;
	const char *json;
	const char *plain;
} texts[] = {
#define TEXT(name, text, json, plain)                                                                                  \
	{                                                                                                              \
		name, text, sizeof(text) - 1, json, plain                                                              \
	}
	TEXT("empty", "", "\"\"", ""),
	TEXT("ASCII", "GET / ~", "\"GET / ~\"", "GET / ~"),
	TEXT("quote and backslash", "a\"b\\c", "\"a\\\"b\\\\c\"", "a\"b\\x5cc"),
	TEXT("named escapes", "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"", "\\x08\\x0c\\x0a\\x0d\\x09"),
	TEXT("other controls", "\0\x01\x1f\x7f", "\"\\u0000\\u0001\\u001f\\u007f\"", "\\x00\\x01\\x1f\\x7f"),
	TEXT("forged line", "x\n==1== ERROR", "\"x\\n==1== ERROR\"", "x\\x0a==1== ERROR"),
	TEXT("terminal escape", "\x1b[2J", "\"\\u001b[2J\"", "\\x1b[2J"),
	TEXT("C1 control", "\xc2\x85\xc2\x9b", "\"\\u0085\\u009b\"", "\\xc2\\x85\\xc2\\x9b"),
	TEXT("line separators", "\u2028\u2029", "\"\\u2028\\u2029\"", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"),
	TEXT("bidi override", "\u202e\u2066", "\"\\u202e\\u2066\"", "\\xe2\\x80\\xae\\xe2\\x81\\xa6"),
	TEXT("first of 2 bytes", "\xc2\xa0", "\"\xc2\xa0\"", "\xc2\xa0"),
	TEXT("last of 2 bytes", "\xdf\xbf", "\"\xdf\xbf\"", "\xdf\xbf"),
	TEXT("first of 3 bytes", "\xe0\xa0\x80", "\"\xe0\xa0\x80\"", "\xe0\xa0\x80"),
	TEXT("before the surrogates", "\xed\x9f\xbf", "\"\xed\x9f\xbf\"", "\xed\x9f\xbf"),
	TEXT("after the surrogates", "\xee\x80\x80", "\"\xee\x80\x80\"", "\xee\x80\x80"),
	TEXT("last of 3 bytes", "\xef\xbf\xbf", "\"\xef\xbf\xbf\"", "\xef\xbf\xbf"),
	TEXT("first of 4 bytes", "\xf0\x90\x80\x80", "\"\xf0\x90\x80\x80\"", "\xf0\x90\x80\x80"),
	TEXT("U+10FFFF", "\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"", "\xf4\x8f\xbf\xbf"),
	TEXT("continuation alone", "\x80\xbf", "\"\ufffd\ufffd\"", "\\x80\\xbf"),
	TEXT("overlong NUL", "\xc0\x80", "\"\ufffd\ufffd\"", "\\xc0\\x80"),
	TEXT("overlong slash", "\xe0\x80\xaf", "\"\ufffd\ufffd\ufffd\"", "\\xe0\\x80\\xaf"),
	TEXT("overlong 4 bytes", "\xf0\x8f\xbf\xbf", "\"\ufffd\ufffd\ufffd\ufffd\"", "\\xf0\\x8f\\xbf\\xbf"),
	TEXT("surrogate", "\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\"", "\\xed\\xa0\\x80"),
	TEXT("above U+10FFFF", "\xf4\x90\x80\x80", "\"\ufffd\ufffd\ufffd\ufffd\"", "\\xf4\\x90\\x80\\x80"),
	TEXT("lead above U+10FFFF", "\xf5\x80", "\"\ufffd\ufffd\"", "\\xf5\\x80"),
	TEXT("5 byte lead", "\xf8\xff", "\"\ufffd\ufffd\"", "\\xf8\\xff"),
	TEXT("cut at the end", "a\xe2\x82", "\"a\ufffd\"", "a\\xe2\\x82"),
	TEXT("cut by ASCII", "\xf0\x9f\x98!", "\"\ufffd!\"", "\\xf0\\x9f\\x98!"),
	TEXT("cut by a quote", "\xe2\"", "\"\ufffd\\\"\"", "\\xe2\""),
	TEXT("cut by a lead", "\xe2\xc3\xa9", "\"\ufffd\xc3\xa9\"", "\\xe2\xc3\xa9"),
#undef TEXT
};

typedef void compose_fn(struct spy_buf *buf, const char *text, size_t len);

static void assert_text(compose_fn *compose, size_t i, const char *expected)
{
	char data[128];
	struct spy_buf buf = SPY_BUF(data);

	compose(&buf, texts[i].text, texts[i].len);
	if (buf.truncated || strcmp(spy_buf_cstr(&buf), expected) != 0)
		fail_msg("%s: %s instead of %s", texts[i].name, data, expected);
}

static void json_escapes_what_rfc_8259_asks_for_and_replaces_invalid_utf_8(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		assert_text(spy_buf_json, i, texts[i].json);
}

static void a_text_is_not_read_beyond_its_length(void **state)
{
	(void)state;
	assert_composes("\"\ufffd\"", spy_buf_json(&buf, "\u20ac", 2));
	assert_composes("\\xe2\\x82", spy_buf_plain(&buf, "\u20ac", 2));
	assert_composes("\"ab\"", spy_buf_json(&buf, "abc", 2));
}

static void plain_text_cannot_forge_a_line(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		assert_text(spy_buf_plain, i, texts[i].plain);
}

/* Composes a text into buffers of every size; what is in them must end where a character ends. */
static void assert_cuts_between_characters(compose_fn *compose, size_t closing_quote)
{
	static const char text[] = "ab\xc3\xa9\n\"\xe2\x82\xac\x01\xf0\x9f\x98\x80\xffz";
	static const size_t ends[] = {0, 1, 2, 4, 5, 6, 9, 10, 14, 15, 16};
	char whole[128];
	struct spy_buf all = SPY_BUF(whole);
	bool may_end[128] = {[0] = true};
	size_t size;

	for (size = 0; size < COUNT(ends); size++) {
		all = (struct spy_buf)SPY_BUF(whole);
		compose(&all, text, ends[size]);
		may_end[all.len - closing_quote] = true;
	}
	may_end[all.len] = true;
	for (size = 0; size <= all.len; size++) {
		char data[128] = {0};
		struct spy_buf buf = {.data = data, .size = size};

		compose(&buf, text, sizeof(text) - 1);
		assert_int_equal(buf.truncated, size < all.len);
		assert_memory_equal(data, whole, buf.len);
		assert_true(may_end[buf.len]);
		assert_int_equal(data[size], 0);
	}
}

static void a_buffer_of_any_size_holds_a_prefix_without_half_a_character_or_escape(void **state)
{
	(void)state;
	assert_cuts_between_characters(spy_buf_json, 1);
	assert_cuts_between_characters(spy_buf_plain, 0);
}

static void what_does_not_fit_is_dropped_and_nothing_follows_it(void **state)
{
	char data[6] = "......";
	struct spy_buf buf = {.data = data, .size = 5};

	(void)state;
	spy_buf_str(&buf, "abc");
	assert_false(buf.truncated);
	spy_buf_str(&buf, "defg");
	assert_true(buf.truncated);
	assert_int_equal(buf.len, 5);
	spy_buf_char(&buf, 'h');
	assert_memory_equal(data, "abcde.", 6);

	/* An escape that has not fitted leaves room, which must not be used by what comes later. */
	buf = (struct spy_buf){.data = data, .size = 3};
	spy_buf_plain(&buf, "x\n", 2);
	spy_buf_str(&buf, "y");
	assert_int_equal(buf.len, 1);
	assert_true(buf.truncated);
}

static void filling_a_buffer_exactly_is_no_truncation(void **state)
{
	char data[3];
	struct spy_buf buf = SPY_BUF(data);

	(void)state;
	spy_buf_mem(&buf, "abc", 3);
	assert_false(buf.truncated);
	spy_buf_mem(&buf, "", 0);
	assert_false(buf.truncated);
	assert_int_equal(buf.len, 3);
}

static void a_string_ends_with_nul_even_where_the_buffer_is_full(void **state)
{
	char data[4];
	struct spy_buf buf = SPY_BUF(data);
	struct spy_buf none = {.data = NULL};

	(void)state;
	spy_buf_str(&buf, "abc");
	assert_string_equal(spy_buf_cstr(&buf), "abc");
	assert_false(buf.truncated);
	spy_buf_char(&buf, 'd');
	assert_string_equal(spy_buf_cstr(&buf), "abc");
	assert_true(buf.truncated);
	spy_buf_str(&none, "abc");
	assert_string_equal(spy_buf_cstr(&none), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_age_is_rounded_down_to_what_people_want_to_know),
		cmocka_unit_test(an_ipv4_endpoint_is_address_and_port),
		cmocka_unit_test(an_unknown_endpoint_is_nothing),
		cmocka_unit_test(an_ipv6_endpoint_is_written_as_rfc_5952_says),
		cmocka_unit_test(json_escapes_what_rfc_8259_asks_for_and_replaces_invalid_utf_8),
		cmocka_unit_test(a_text_is_not_read_beyond_its_length),
		cmocka_unit_test(plain_text_cannot_forge_a_line),
		cmocka_unit_test(a_buffer_of_any_size_holds_a_prefix_without_half_a_character_or_escape),
		cmocka_unit_test(what_does_not_fit_is_dropped_and_nothing_follows_it),
		cmocka_unit_test(filling_a_buffer_exactly_is_no_truncation),
		cmocka_unit_test(a_string_ends_with_nul_even_where_the_buffer_is_full),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
