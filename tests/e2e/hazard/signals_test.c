/*
 * Signals: handlers that make calls, that leave calls by siglongjmp, on small stacks; and SIGPIPE.
 */
#include "compare.h"

#include <signal.h>

static void jump_and_go_on(const char *name)
{
	struct log log = hazard_run("hazard/jumps", name, "watch=10ms");

	hazard_assert_healthy(&log);
}

static void recv_left_by_siglongjmp(void **state)
{
	(void)state;
	jump_and_go_on("jump_recv");
}

static void accept_left_by_siglongjmp(void **state)
{
	(void)state;
	jump_and_go_on("jump_accept");
}

static void connect_left_by_siglongjmp(void **state)
{
	(void)state;
	jump_and_go_on("jump_connect");
}

static void first_socket_left_by_siglongjmp(void **state)
{
	(void)state;
	hazard_run("hazard/jumps", "jump_out_of_first", "calls=none");
}

static void any_call_left_by_siglongjmp(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/jumps", "jump_anywhere", "calls=lifecycle");
	log_assert_no_fault(&log);
	log_assert_number(hazard_summary(&log), "open_at_exit", 0);
}

static void handler_that_closes_the_socket_of_the_call_that_it_interrupts(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/signals", "close_inside", "watch=10ms");
	hazard_assert_healthy(&log);
	/* The end of file, the interrupted call, and the other connection's two. */
	hazard_assert_calls(&log, "recv", 4);
	hazard_assert_calls(&log, "close", 6);
}

static void handlers_at_high_rate_that_live_whole_connections(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/signals", "storm", "watch=10ms:calls=lifecycle");
	hazard_assert_healthy(&log);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept4"}) * 3,
			 log_count(&log, &(const struct log_match){.call = "close"}));
}

static void pipe_in_a_handler_is_a_pipe(void **state)
{
	(void)state;
	hazard_run("hazard/signals", "pipes", "calls=none");
}

static void handler_on_a_stack_of_8_kB(void **state)
{
	(void)state;
	hazard_run("hazard/small_stacks", "small_stack", "calls=all");
}

static void handler_on_the_smallest_stack(void **state)
{
	(void)state;
	hazard_run("hazard/small_stacks", "smallest_stack", "calls=all");
}

/* No alternate stack, of which the shim would know: what it does has to fit. */
static void run_on_stack(const char *bytes)
{
	static const char *const options[] = {"calls=all", "calls=none:watch=0", "flush=buffer"};

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		hazard_run("hazard/coroutine", bytes, options[i]);
}

static void coroutine_on_a_stack_of_12_kB(void **state)
{
	(void)state;
	run_on_stack("12288");
}

static void thread_on_the_smallest_stack(void **state)
{
	(void)state;
	run_on_stack("0");
}

/* The end comes on the stack that the program has set up for handlers of its own. */
static void end_by_a_signal_with(const char *name)
{
	struct run_spec spec = hazard_spec("hazard/small_stacks", name);
	struct run_result result;
	struct log log;

	spec.options = script_options(NULL);
	result = hazard_compare(&spec);
	run_assert_signal(&result, SIGTERM);
	log = log_read(script_log());
	hazard_summary(&log);
}

static void end_by_SIGTERM_with_a_stack_of_8_kB(void **state)
{
	(void)state;
	end_by_a_signal_with("term_with_small_stack");
}

static void end_by_SIGTERM_with_the_smallest_stack(void **state)
{
	(void)state;
	end_by_a_signal_with("term_with_smallest_stack");
}

static size_t count_sigpipe(const char *name)
{
	struct log log = hazard_run("hazard/signals", name, NULL);

	hazard_summary(&log);
	return log_count(&log, &(const struct log_match){.rule = "sigpipe"});
}

static void SIGPIPE_is_told_where_it_kills(void **state)
{
	(void)state;
	assert_int_equal(count_sigpipe("sigpipe_default"), 1);
}

static void SIGPIPE_that_is_ignored_or_handled_is_no_finding(void **state)
{
	(void)state;
	assert_int_equal(count_sigpipe("sigpipe_ignored"), 0);
	assert_int_equal(count_sigpipe("sigpipe_handled"), 0);
}

static void SIGPIPE_of_a_pipe_is_not_the_connection_s_that_was_left(void **state)
{
	(void)state;
	assert_int_equal(count_sigpipe("sigpipe_of_a_pipe"), 0);
}

static void signals_of_the_process_are_the_main_thread_s(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("main_signals", "", "calls=lifecycle");
	log_assert_no_fault(&log);
}

static void signal_for_one_thread_is_not_held_up(void **state)
{
	struct log log;

	(void)state;
	log = hazard_run("hazard/signals", "for_one_thread", "calls=none");
	hazard_assert_healthy(&log);
}

int main(void)
{
	const struct CMUnitTest signals[] = {
		TEST(recv_left_by_siglongjmp),
		TEST(accept_left_by_siglongjmp),
		TEST(connect_left_by_siglongjmp),
		TEST(first_socket_left_by_siglongjmp),
		TEST(any_call_left_by_siglongjmp),
		TEST(handler_that_closes_the_socket_of_the_call_that_it_interrupts),
		TEST(handlers_at_high_rate_that_live_whole_connections),
		TEST(pipe_in_a_handler_is_a_pipe),
		TEST(handler_on_a_stack_of_8_kB),
		TEST(handler_on_the_smallest_stack),
		TEST(coroutine_on_a_stack_of_12_kB),
		TEST(thread_on_the_smallest_stack),
		TEST(end_by_SIGTERM_with_a_stack_of_8_kB),
		TEST(end_by_SIGTERM_with_the_smallest_stack),
		TEST(SIGPIPE_is_told_where_it_kills),
		TEST(SIGPIPE_that_is_ignored_or_handled_is_no_finding),
		TEST(SIGPIPE_of_a_pipe_is_not_the_connection_s_that_was_left),
		TEST(signals_of_the_process_are_the_main_thread_s),
		TEST(signal_for_one_thread_is_not_held_up),
	};

	return cmocka_run_group_tests_name("hazard_signals", signals, NULL, NULL);
}
