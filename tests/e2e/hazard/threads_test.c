/*
 * Threads: cancelled and ended inside calls, alive when the process ends; ids that change in all.
 */
#include "compare.h"

#include <unistd.h>

static void threads_cancelled_in_recv(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/threads", "cancel_recv", "watch=10ms");
	hazard_assert_healthy(&log);
	hazard_assert_calls(&log, "close", 60);
}

static void threads_cancelled_in_accept(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/threads", "cancel_accept", "watch=10ms");
	hazard_assert_healthy(&log);
	hazard_assert_calls(&log, "accept", 20);
}

static void thread_cancelled_in_connect(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/threads", "cancel_connect", "watch=10ms");
	hazard_assert_healthy(&log);
	log_assert_number(hazard_summary(&log), "connections", 4);
}

/* With a cancellation that is pending close() closes nothing, and the clean-up handler's does. */
static void thread_cancelled_at_close(void **state)
{
	struct log log;
	json_object *closed;

	(void)state;
	log = hazard_run("hazard/threads", "cancel_close", "watch=10ms");
	hazard_assert_healthy(&log);
	hazard_assert_calls(&log, "close", 3);
	closed = log_first(&log, &(const struct log_match){.call = "close", .state_before = "ESTABLISHED"});
	log_assert_like(closed, "state", "FIN_WAIT_[12]");
}

static void threads_that_end_inside_recv(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/threads", "exit_inside", "watch=10ms");
	hazard_assert_healthy(&log);
	hazard_assert_calls(&log, "close", 60);
}

static void process_that_ends_while_threads_are_inside(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/threads", "exit_while_inside", "calls=lifecycle");
	log_assert_no_fault(&log);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 1);
	assert_true(log_number(log_first(&log, &(const struct log_match){.type = "summary"}), "open_at_exit") >= 8);
}

static void ids_change_while_threads_and_the_watcher_are_inside(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/threads", "change_ids", "watch=1ms:calls=none");
	hazard_assert_healthy(&log);
}

static void connection_that_an_ended_thread_has_left_is_closed_by_another(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/threads", "hand_over", NULL);
	hazard_assert_healthy(&log);
	hazard_assert_calls(&log, "close", 6);
}

/* libc ends the process with the program's last thread; the watcher's does not count. */
static void process_whose_main_thread_ends_first_ends_with_the_last(void **state)
{
	const char *const cases[] = {"main_leaves", "main_leaves_a_thread", "main_is_cancelled",
				     "main_leaves_by_number"};
	struct log log;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		log = hazard_run("hazard/threads", cases[i], "watch=100ms");

		hazard_assert_healthy(&log);
		log_assert_number(hazard_summary(&log), "connections", 2);
		assert_int_equal(unlink(script_log()), 0);
	}
}

static void thread_beside_a_thousand_others(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/crowd", "crowd", "calls=none");
	hazard_assert_healthy(&log);
}

static void finding_that_is_held_back_keeps_its_connection_s_note(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/crowd", "held_back", NULL);
	log_assert_text(log_first(&log, &(const struct log_match){.rule = "double-close"}), "note", "its own");
}

static void limit_set_beside_a_first_socket_stays(void **state)
{
	(void)state;
	hazard_run("hazard/crowd", "limits", "calls=none");
}

int main(void)
{
	const struct CMUnitTest threads[] = {
		TEST(threads_cancelled_in_recv),
		TEST(threads_cancelled_in_accept),
		TEST(thread_cancelled_in_connect),
		TEST(thread_cancelled_at_close),
		TEST(threads_that_end_inside_recv),
		TEST(process_that_ends_while_threads_are_inside),
		TEST(ids_change_while_threads_and_the_watcher_are_inside),
		TEST(connection_that_an_ended_thread_has_left_is_closed_by_another),
		TEST(process_whose_main_thread_ends_first_ends_with_the_last),
		TEST(thread_beside_a_thousand_others),
		TEST(finding_that_is_held_back_keeps_its_connection_s_note),
		TEST(limit_set_beside_a_first_socket_stays),
	};

	return cmocka_run_group_tests_name("hazard_threads", threads, NULL, NULL);
}
