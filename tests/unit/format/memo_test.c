/*
 * Tests of shim/format/memo.h: what is kept comes again under its key and no other, and what a signal
 * handler finds half written, or has put there meanwhile, is never taken for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "../../../include/tcpwaitspy/event.h"
#include "../../../shim/format/memo.h"

static const struct spy_memo_key key = {{1, 2, 3}};

static char room[256];
static struct spy_buf out;

static int begin(void **state)
{
	(void)state;
	memset(room, '#', sizeof(room));
	out = (struct spy_buf)SPY_BUF(room);
	return 0;
}

static void keep(struct spy_memo *memo, const char *text)
{
	size_t at = out.len;

	spy_buf_str(&out, text);
	spy_memo_keep(memo, &key, &out, at);
	out.len = at;
}

static void assert_got(const char *wanted)
{
	assert_int_equal(out.len, strlen(wanted));
	assert_memory_equal(out.data, wanted, out.len);
}

static void what_is_kept_comes_again(void **state)
{
	struct spy_memo memo = {.turn = 0};

	(void)state;
	spy_buf_str(&out, "before ");
	keep(&memo, "kept");
	assert_true(spy_memo_put(&memo, &key, &out));
	assert_got("before kept");
}

static void another_key_gets_nothing(void **state)
{
	struct spy_memo memo = {.turn = 0};

	(void)state;
	assert_false(spy_memo_put(&memo, &key, &out));
	keep(&memo, "kept");
	for (unsigned int i = 0; i < 3; i++) {
		struct spy_memo_key other = key;

		other.word[i]++;
		assert_false(spy_memo_put(&memo, &other, &out));
	}
	assert_got("");
}

static void a_handler_leaves_alone_what_is_half_written(void **state)
{
	struct spy_memo memo = {.turn = 0};

	(void)state;
	keep(&memo, "kept");
	memo.turn++;
	assert_false(spy_memo_put(&memo, &key, &out));
	keep(&memo, "other");
	memo.turn++;
	assert_true(spy_memo_put(&memo, &key, &out));
	assert_got("kept");
}

static void what_does_not_fit_is_not_kept(void **state)
{
	struct spy_memo memo = {.turn = 0};
	char longer[SPY_MEMO_ROOM + 2];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	keep(&memo, longer);
	assert_false(spy_memo_put(&memo, &key, &out));
	out.len = out.size - 2;
	keep(&memo, "cut");
	assert_false(spy_memo_put(&memo, &key, &out));
}

static void a_buffer_without_room_is_left_as_it_is(void **state)
{
	struct spy_memo memo = {.turn = 0};

	(void)state;
	keep(&memo, "kept");
	out.len = out.size - 8;
	assert_false(spy_memo_put(&memo, &key, &out));
	assert_int_equal(out.len, out.size - 8);
	assert_false(out.truncated);
}

/* More of them than are kept, twice each. */
static void every_endpoint_is_spelled_as_without_memory(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 64; i++) {
		const struct spy_addr addr = {
			.ip = {127, 0, 0, (uint8_t)(i / 4)}, .port = (uint16_t)(40000 + i / 2), .family = AF_INET};
		char plain[64];
		struct spy_buf wanted = SPY_BUF(plain);

		out.len = 0;
		spy_buf_addr(&wanted, &addr);
		spy_memo_addr(&out, &addr);
		assert_got(spy_buf_cstr(&wanted));
	}
}

static void no_endpoint_is_no_text(void **state)
{
	const struct spy_addr none = {.family = 0};

	(void)state;
	spy_memo_addr(&out, &none);
	spy_memo_addr(&out, &none);
	assert_got("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_kept_comes_again, begin),
		cmocka_unit_test_setup(another_key_gets_nothing, begin),
		cmocka_unit_test_setup(a_handler_leaves_alone_what_is_half_written, begin),
		cmocka_unit_test_setup(what_does_not_fit_is_not_kept, begin),
		cmocka_unit_test_setup(a_buffer_without_room_is_left_as_it_is, begin),
		cmocka_unit_test_setup(every_endpoint_is_spelled_as_without_memory, begin),
		cmocka_unit_test_setup(no_endpoint_is_no_text, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
