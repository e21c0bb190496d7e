/*
 * Namespaces: a user namespace wants a process of one thread; a network is another kernel's to ask.
 */
#include "compare.h"

static void user_namespace_before_the_first_socket(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/space", "user_before", NULL);
	hazard_assert_healthy(&log);
}

static void user_namespace_after_it_with_watch_0(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/space", "user_after", "watch=0");
	hazard_assert_healthy(&log);
}

static void connections_of_two_networks(void **state)
{
	json_object *closed;
	struct log log;

	(void)state;
	log = hazard_run("hazard/space", "net", "watch=0");
	hazard_assert_healthy(&log);
	/* The kernel that knows them is asked, or nobody: the active closer's never goes to CLOSED at once. */
	for (closed = log_next(&log, NULL, &(const struct log_match){.call = "close", .state_before = "ESTABLISHED"});
	     closed;
	     closed = log_next(&log, closed, &(const struct log_match){.call = "close", .state_before = "ESTABLISHED"}))
		log_assert_like(closed, "state", "FIN_WAIT_[12]");
}

static void into_another_network_and_back(void **state)
{
	json_object *closed = NULL;
	struct log log;
	size_t count = 0;

	(void)state;
	log = hazard_run("hazard/space", "there_and_back", "watch=10ms");
	hazard_assert_healthy(&log);
	while ((closed = log_next(&log, closed,
				  &(const struct log_match){.call = "close", .state_before = "ESTABLISHED"}))) {
		log_assert_like(closed, "state", "FIN_WAIT_[12]");
		log_assert_text(closed, "state_source", "inferred");
		count++;
	}
	assert_int_equal(count, 3);
}

int main(void)
{
	const struct CMUnitTest space[] = {
		TEST(user_namespace_before_the_first_socket),
		TEST(user_namespace_after_it_with_watch_0),
		TEST(connections_of_two_networks),
		TEST(into_another_network_and_back),
	};

	return cmocka_run_group_tests_name("hazard_space", space, NULL, NULL);
}
