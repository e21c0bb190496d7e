/*
 * Descriptors: the program has the numbers and the errors that it would have without the shim, and
 * whatever it does to numbers, the shim's own included, the log goes on and no file is harmed.
 */
#include "compare.h"

#include <sys/resource.h>
#include <unistd.h>

/* As most systems have it: a soft limit below the hard one. */
static void limit_of_1024(void)
{
	struct rlimit limit = {1024, 4096};

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		_exit(126);
}

static void limit_of_64(void)
{
	struct rlimit limit = {64, 4096};

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		_exit(126);
}

static struct log run_limited(const char *name, void (*limit)(void))
{
	struct run_spec spec = hazard_spec("hazard/descriptors", name);

	spec.options = script_options("calls=lifecycle");
	spec.in_child = limit;
	hazard_compare(&spec);
	return log_read(script_log());
}

static void all_numbers_are_the_program_s(void **state)
{
	struct log log;

	(void)state;
	log = run_limited("emfile", limit_of_1024);
	log_assert_number(hazard_summary(&log), "unseen", 0);
	run_limited("emfile", limit_of_64);
}

static void limit_that_is_lowered_below_the_shim_s_own(void **state)
{
	struct log log;

	(void)state;
	log = run_limited("low_limit", limit_of_1024);
	log_assert_number(hazard_summary(&log), "open_at_exit", 1); /* its last listener */
	log_assert_number(hazard_summary(&log), "unseen", 0);
}

static void loop_that_closes_every_number(void **state)
{
	struct log log;

	(void)state;
	log = run_limited("close_loop", limit_of_1024);
	log_assert_number(hazard_summary(&log), "open_at_exit", 0);
	log_assert_number(hazard_summary(&log), "unseen", 0);
	/* Three listeners and three pairs, and the pair that the loop has closed. */
	log_assert_number(hazard_summary(&log), "connections", 8);
	/* Its first number was a socket that is closed, and it is no double close. */
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "double-close"}), 0);
	assert_null(json_object_object_get(log_member(hazard_summary(&log), "by_rule"), "double-close"));
}

static void numbers_in_a_row_that_are_closed_again_are_no_loop(void **state)
{
	struct log log;

	(void)state;
	log = run_limited("clean_up_again", limit_of_1024);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "double-close"}), 1);
	log_assert_number(hazard_summary(&log), "by_rule.double-close", 8);
}

static void close_range_and_closefrom_over_everything(void **state)
{
	struct log log;

	(void)state;
	log = run_limited("close_all", limit_of_1024);
	log_assert_number(hazard_summary(&log), "open_at_exit", 0);
	log_assert_number(hazard_summary(&log), "unseen", 0);
}

static void file_of_the_program_at_every_number(void **state)
{
	(void)state;
	/* It prints the size of that file: not one byte of the shim's may be in it. */
	run_limited("cover_all", limit_of_1024);
	run_limited("cover_all", limit_of_64);
}

int main(void)
{
	const struct CMUnitTest descriptors[] = {
		TEST(all_numbers_are_the_program_s),	   TEST(limit_that_is_lowered_below_the_shim_s_own),
		TEST(loop_that_closes_every_number),	   TEST(close_range_and_closefrom_over_everything),
		TEST(file_of_the_program_at_every_number), TEST(numbers_in_a_row_that_are_closed_again_are_no_loop),
	};

	return cmocka_run_group_tests_name("hazard_descriptors", descriptors, NULL, NULL);
}
