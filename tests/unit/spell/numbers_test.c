/*
 * Tests of the numbers of shim/spell/buf.h, at the edges of their types and of the buffer.
 */
#include "composes.h"

#include <inttypes.h>
#include <stdio.h>

static void integers_are_written_up_to_the_ends_of_their_types(void **state)
{
	(void)state;
	assert_composes("0", spy_buf_uint(&buf, 0));
	assert_composes("9", spy_buf_uint(&buf, 9));
	assert_composes("10", spy_buf_uint(&buf, 10));
	assert_composes("99", spy_buf_uint(&buf, 99));
	assert_composes("100", spy_buf_uint(&buf, 100));
	assert_composes("18446744073709551615", spy_buf_uint(&buf, UINT64_MAX));
	assert_composes("4294967295", spy_buf_uint(&buf, UINT32_MAX));
	assert_composes("4294967296", spy_buf_uint(&buf, UINT64_C(1) << 32));
	assert_composes("0", spy_buf_int(&buf, 0));
	assert_composes("-1", spy_buf_int(&buf, -1));
	assert_composes("9223372036854775807", spy_buf_int(&buf, INT64_MAX));
	assert_composes("-9223372036854775808", spy_buf_int(&buf, INT64_MIN));
}

static void each_power_of_ten_has_its_digits(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (int digits = 1; digits <= 19; digits++, power *= 10) {
		char least[32], most[32], room[32];
		struct spy_buf buf = SPY_BUF(room);

		snprintf(least, sizeof(least), "%" PRIu64, power);
		snprintf(most, sizeof(most), "%" PRIu64, power * 10 - 1);
		spy_buf_uint(&buf, power);
		assert_string_equal(spy_buf_cstr(&buf), least);
		buf.len = 0;
		spy_buf_uint(&buf, power * 10 - 1);
		assert_string_equal(spy_buf_cstr(&buf), most);
	}
}

static void hexadecimal_is_lower_case_without_leading_zeros(void **state)
{
	(void)state;
	assert_composes("0", spy_buf_hex(&buf, 0));
	assert_composes("f", spy_buf_hex(&buf, 15));
	assert_composes("10", spy_buf_hex(&buf, 16));
	assert_composes("1234abcd", spy_buf_hex(&buf, 0x1234abcd));
	assert_composes("8000000000000000", spy_buf_hex(&buf, UINT64_C(1) << 63));
	assert_composes("ffffffffffffffff", spy_buf_hex(&buf, UINT64_MAX));
}

static void microseconds_have_six_digits(void **state)
{
	(void)state;
	assert_composes("000000", spy_buf_micros(&buf, 0));
	assert_composes("000907", spy_buf_micros(&buf, 907));
	assert_composes("104512", spy_buf_micros(&buf, 104512));
	assert_composes("999999", spy_buf_micros(&buf, 999999));
}

static void padding_fills_up_with_zeros_and_never_cuts_a_number(void **state)
{
	(void)state;
	assert_composes("007", spy_buf_padded(&buf, 7, 3));
	assert_composes("1234", spy_buf_padded(&buf, 1234, 3));
	assert_composes("0", spy_buf_padded(&buf, 0, 0));
	assert_composes("000000", spy_buf_padded(&buf, 0, 6));
	assert_composes("00000000000000000000000007", spy_buf_padded(&buf, 7, 26));
}

static void a_huge_padding_stops_where_the_buffer_ends(void **state)
{
	char data[8];
	struct spy_buf buf = SPY_BUF(data);

	(void)state;
	spy_buf_padded(&buf, 1, UINT32_MAX);
	assert_true(buf.truncated);
	assert_memory_equal(data, "00000000", 8);
}

static void fixed_point_has_exactly_its_decimals(void **state)
{
	(void)state;
	assert_composes("3.104", spy_buf_fixed(&buf, 3104, 3));
	assert_composes("0.021", spy_buf_fixed(&buf, 21, 3));
	assert_composes("0.000", spy_buf_fixed(&buf, 0, 3));
	assert_composes("42", spy_buf_fixed(&buf, 42, 0));
	assert_composes("18446744073709551.615", spy_buf_fixed(&buf, UINT64_MAX, 3));
	assert_composes("1.8446744073709551615", spy_buf_fixed(&buf, UINT64_MAX, 19));
	assert_composes("0.18446744073709551615", spy_buf_fixed(&buf, UINT64_MAX, 20));
	assert_composes("0.0000000000000000000007", spy_buf_fixed(&buf, 7, 22));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_written_up_to_the_ends_of_their_types),
		cmocka_unit_test(each_power_of_ten_has_its_digits),
		cmocka_unit_test(hexadecimal_is_lower_case_without_leading_zeros),
		cmocka_unit_test(microseconds_have_six_digits),
		cmocka_unit_test(padding_fills_up_with_zeros_and_never_cuts_a_number),
		cmocka_unit_test(a_huge_padding_stops_where_the_buffer_ends),
		cmocka_unit_test(fixed_point_has_exactly_its_decimals),
	};

	return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
