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

static void what_is_closed_after_unshare_is_closed(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/alone", "unshared", NULL);
	hazard_assert_healthy(&log);
}

static void close_range_of_a_table_of_its_own_closes(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/alone", "range_unshared", NULL);
	hazard_assert_healthy(&log);
}

static void close_range_of_a_thread_s_own_table_leaves_the_others_theirs(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/alone", "range_unshared_in_a_thread", NULL);
	hazard_assert_healthy(&log);
}

static void close_range_with_flags_that_the_kernel_refuses_closes_nothing(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/alone", "range_with_unknown_flags", NULL);
	hazard_assert_healthy(&log);
}

static void user_namespace_after_the_first_socket(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/alone", "user_namespace", NULL);
	hazard_assert_healthy(&log);
}

/* The watcher comes back: what is closed meanwhile is followed to its end. */
static void watcher_goes_on_after_unshare(void **state)
{
	json_object *change;
	struct log log;

	(void)state;
	log = hazard_run("hazard/alone", "watched_again", "watch=20ms");
	change = log_first(&log, &(const struct log_match){.type = "state", .state_before = "ESTABLISHED"});
	log_assert_text(change, "state", "CLOSE_WAIT");
}

int main(void)
{
	const struct CMUnitTest alone[] = {
		TEST(lowest_free_number_is_the_program_s_while_a_holder_is_searched_for),
		TEST(wait_for_any_child_finds_the_program_s_own_alone),
		TEST(what_is_closed_after_unshare_is_closed),
		TEST(close_range_of_a_table_of_its_own_closes),
		TEST(close_range_of_a_thread_s_own_table_leaves_the_others_theirs),
		TEST(close_range_with_flags_that_the_kernel_refuses_closes_nothing),
		TEST(user_namespace_after_the_first_socket),
		TEST(watcher_goes_on_after_unshare),
	};

	return cmocka_run_group_tests_name("hazard_alone", alone, NULL, NULL);
}
