/*
 * A program that counts on having the process to itself has it under the shim: numbers, children, threads.
 */
#include "compare.h"

static void lowest_free_number_is_the_program_s_while_a_holder_is_searched_for(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/alone", "lowest_number", "calls=none:close_wait=50ms:watch=20ms");
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "close-without-fin"}), 1);
}

static void wait_for_any_child_finds_the_program_s_own_alone(void **state)
{
	const char *options = memory_text("watch=1ms:metrics=%s", file_temp("any.prom"));

	(void)state;
	hazard_run("hazard/alone", "any_child", options);
}

int main(void)
{
	const struct CMUnitTest alone[] = {
		TEST(lowest_free_number_is_the_program_s_while_a_holder_is_searched_for),
		TEST(wait_for_any_child_finds_the_program_s_own_alone),
	};

	return cmocka_run_group_tests_name("hazard_alone", alone, NULL, NULL);
}
