/*
 * What no hook sees: the record mends itself, the summary counts it, and nothing false is found.
 */
#include "compare.h"

static struct log run_unseen(const char *name, int64_t unseen)
{
	struct log log = hazard_run("hazard/unseen", name, "watch=10ms");

	log_assert_no_fault(&log);
	log_assert_number(hazard_summary(&log), "open_at_exit", 0);
	if (log_number(hazard_summary(&log), "unseen") < unseen)
		log_assert_number(hazard_summary(&log), "unseen", unseen);
	return log;
}

static void closes_by_bare_system_calls(void **state)
{
	struct log log;

	(void)state;
	log = run_unseen("close_unseen", 2);
	/* The second connection that got the number: three closes by libc. */
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "send"}), 1);
}

static void dup2_by_a_bare_system_call(void **state)
{
	(void)state;
	run_unseen("dup2_unseen", 1);
}

static void connections_that_replace_each_other(void **state)
{
	struct log log;

	(void)state;
	log = run_unseen("replace_unseen", 5);
	/* Each of the five is its own connection: accepted or found, read, and read to its end. */
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "recv"}), 10);
	log_assert_number(hazard_summary(&log), "connections", 10);
}

static void connection_that_goes_on_where_another_was(void **state)
{
	json_object *asked;
	struct log log;

	(void)state;
	log = run_unseen("swap_unseen", 1);
	log_assert_number(hazard_summary(&log), "connections", 4);
	/* The end of file is the second one's, by number and by address. */
	asked = log_first(&log, &(const struct log_match){.call = "getpeername"});
	log_assert_number(log_first(&log, &(const struct log_match){.call = "recv"}), "conn",
			  log_number(asked, "conn"));
	log_assert_text(log_last(&log, &(const struct log_match){.call = "getsockname"}), "local",
			log_text(asked, "peer"));
}

static void close_by_io_uring(void **state)
{
	(void)state;
	run_unseen("ring", 1);
}

int main(void)
{
	const struct CMUnitTest unseen[] = {
		TEST(closes_by_bare_system_calls),
		TEST(dup2_by_a_bare_system_call),
		TEST(connections_that_replace_each_other),
		TEST(connection_that_goes_on_where_another_was),
		TEST(close_by_io_uring),
	};

	return cmocka_run_group_tests_name("hazard_unseen", unseen, NULL, NULL);
}
