/*
 * Nothing is held across a real call: it may be left by cancellation, by longjmp out of a signal
 * handler, or be interrupted by a handler that makes calls of its own; and fork() may come while
 * other threads are inside the shim. Afterwards everything works as before.
 */
#include "../../support/test.h"

#include <string.h>

/* Runs the case with and without the shim; what comes of it, and its log, is healthy. */
static struct log run_case(const char *name, const char *expected)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/hazard/interrupts"), name}, .plain = true};
	struct run_result plain = run(&spec);
	struct run_result result;
	struct log log;

	run_assert_exit(&plain, 0);
	assert_string_equal(plain.out, memory_text("%s\ndone\n", expected));
	spec.plain = false;
	spec.options = script_options("watch=10ms");
	result = run(&spec);
	run_assert_same(&result, &plain);
	log = log_read(script_log());
	log_assert_no_fault(&log);
	log_assert_text(log.records[log.count - 1], "type", "summary");
	log_assert_number(log.records[log.count - 1], "open_at_exit", 0);
	log_assert_number(log.records[log.count - 1], "unseen", 0);
	return log;
}

static void thread_cancelled_inside_recv_leaves_everything_usable(void **state)
{
	(void)state;
	run_case("cancel", "cancelled");
}

static void longjmp_out_of_recv_leaves_everything_usable(void **state)
{
	(void)state;
	run_case("longjmp", "recv = -2 ");
}

static void recv_that_a_signal_interrupts_is_logged_with_EINTR(void **state)
{
	struct log log;
	json_object *record;

	(void)state;
	log = run_case("eintr", "recv = -1 EINTR");
	record = log_first(&log, &(const struct log_match){.call = "recv", .error = "EINTR"});
	log_assert_text(record, "state", "ESTABLISHED");
}

static void calls_of_a_handler_are_logged_inside_the_call_that_it_interrupts(void **state)
{
	struct log log;

	(void)state;
	log = run_case("handler", "recv = 1 ");
	/* 2 listeners, 2 pairs, and the listener and the pair that the handler opens. */
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "socket"}), 6);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 3);
	/* 4 ends at the end, 2 in the handler, 3 listeners. */
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close"}), 9);
}

static void handlers_that_make_calls_at_any_place_harm_nothing(void **state)
{
	struct log log;

	(void)state;
	log = run_case("storm", "exchanged 500");
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 502);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close"}), 502 * 3);
	/* What the handlers sent is there, too, and every byte of it has arrived. */
	assert_true(log_count(&log, &(const struct log_match){.call = "send"}) > 502);
}

static void children_forked_while_threads_are_inside_work(void **state)
{
	struct log log;

	(void)state;
	log = run_case("forks", "forked 100");
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 101);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "summary"}), 101);
}

int main(void)
{
	const struct CMUnitTest interrupts[] = {
		TEST(thread_cancelled_inside_recv_leaves_everything_usable),
		TEST(longjmp_out_of_recv_leaves_everything_usable),
		TEST(recv_that_a_signal_interrupts_is_logged_with_EINTR),
		TEST(calls_of_a_handler_are_logged_inside_the_call_that_it_interrupts),
		TEST(handlers_that_make_calls_at_any_place_harm_nothing),
		TEST(children_forked_while_threads_are_inside_work),
	};

	return cmocka_run_group_tests_name("interrupts", interrupts, NULL, NULL);
}
