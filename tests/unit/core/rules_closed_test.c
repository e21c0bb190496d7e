/*
 * Tests of the rules about descriptors that are no longer there and about how connections are
 * closed. Each with the correct way to do the same, on which it is silent.
 */
#include "replay.h"

/* Threads: one that closes what is not its own, and one whose connection that is. */
#define CLOSER 100
#define OWNER  200

static void each_call_on_a_closed_descriptor_has_its_rule(void **state)
{
	static const struct {
		enum spy_call_id call;
		enum spy_rule rule;
	} calls[] = {
		{SPY_CALL_recv, SPY_RULE_recv_after_close},    {SPY_CALL_read, SPY_RULE_recv_after_close},
		{SPY_CALL_send, SPY_RULE_send_after_close},    {SPY_CALL_sendfile, SPY_RULE_send_after_close},
		{SPY_CALL_shutdown, SPY_RULE_use_after_close}, {SPY_CALL_setsockopt, SPY_RULE_use_after_close},
		{SPY_CALL_bind, SPY_RULE_use_after_close},     {SPY_CALL_listen, SPY_RULE_use_after_close},
		{SPY_CALL_connect, SPY_RULE_use_after_close},  {SPY_CALL_accept, SPY_RULE_use_after_close},
		{SPY_CALL_dup, SPY_RULE_use_after_close},      {SPY_CALL_getpeername, SPY_RULE_use_after_close},
		{SPY_CALL_close, SPY_RULE_double_close},       {SPY_CALL_fclose, SPY_RULE_double_close},
	};
	struct replay *replay = *state;

	replay->stack = 31;
	replay_accepted(replay, 7);
	replay->stack = 32;
	replay_close(replay, 7, SPY_STATE_CLOSED);
	for (size_t i = 0; i < COUNT(calls); i++) {
		const struct spy_finding *finding;

		replay->stack = 40 + (uint32_t)i;
		replay_after_close(replay, calls[i].call, 7);
		assert_int_equal(replay->out.count, 1);
		finding = &replay->out.findings[0];
		assert_int_equal(finding->rule, calls[i].rule);
		assert_string_equal(finding->call, spy_calls[calls[i].call].name);
		assert_int_equal(finding->severity, SPY_ERROR);
		assert_int_equal(finding->state, SPY_STATE_CLOSED);
		assert_int_equal(finding->fd, 7);
		assert_int_equal(finding->conn, 1);
		assert_int_equal(finding->stacks[SPY_STORY_CREATED], 31);
		assert_int_equal(finding->stacks[SPY_STORY_CLOSED], 32);
		assert_int_equal(finding->stacks[SPY_STORY_HERE], 40 + i);
	}
}

static void use_after_close_is_reported_each_time_and_by_place(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_reports(replay, recv_after_close);
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_silent(replay, recv_after_close);
	replay->stack++;
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_reports(replay, recv_after_close);
	assert_counted(replay, recv_after_close, 3);
}

static void an_open_descriptor_may_be_used_and_closed_once(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay_write(replay, 7, 12);
	replay_call(replay, SPY_CALL_getpeername, 7, 0, SPY_STATE_ESTABLISHED);
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	assert_int_equal(replay->core->by_severity[SPY_ERROR], 0);
	assert_int_equal(replay->core->by_severity[SPY_WARNING], 0);
}

static void close_again_after_eintr_is_close_retry_and_not_double_close(void **state)
{
	struct replay *replay = *state;
	struct spy_event ev;

	replay_accepted(replay, 7);
	ev = replay_event(replay, SPY_CALL_close, 7);
	replay_result(&ev, -EINTR);
	ev.last_descriptor = true;
	replay_observe(replay, &ev, spy_table_detach(&replay->core->table, 7));
	assert_counted(replay, close_retry, 0);
	replay_after_close(replay, SPY_CALL_close, 7);
	assert_reports(replay, close_retry);
	assert_counted(replay, double_close, 0);
	replay_accepted(replay, 8);
	replay_close(replay, 8, SPY_STATE_FIN_WAIT_1);
	replay_after_close(replay, SPY_CALL_close, 8);
	assert_counted(replay, close_retry, 1);
	assert_counted(replay, double_close, 1);
}

static void close_in_use(struct replay *replay, uint32_t in_use_tid)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_close, 7);

	ev.last_descriptor = true;
	ev.in_use_tid = in_use_tid;
	ev.state = SPY_STATE_ESTABLISHED;
	replay_observe(replay, &ev, spy_table_detach(&replay->core->table, 7));
}

static void close_under_a_blocked_call_is_reported_unless_shutdown_woke_it(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	close_in_use(replay, 0);
	assert_counted(replay, close_while_in_use, 0);
	replay_accepted(replay, 7);
	replay_shutdown(replay, 7, SHUT_RDWR);
	close_in_use(replay, OWNER);
	assert_counted(replay, close_while_in_use, 0);
	replay_accepted(replay, 7);
	close_in_use(replay, OWNER);
	assert_reports(replay, close_while_in_use);
	assert_int_equal(replay_evidence(replay_finding(replay, SPY_RULE_close_while_in_use), "in_use_tid"), OWNER);
}

/* A look at a closed connection that goes on, with the holder that the search found. */
static void look_held(struct replay *replay, struct spy_conn *conn, bool asked, int32_t pid)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_close, conn->fd);

	ev.op = SPY_OP_TICK;
	ev.stack = 0;
	ev.state = SPY_STATE_ESTABLISHED;
	ev.holder_asked = asked;
	ev.holder = (struct spy_holder){.pid = pid, .fd = 9, .name = "child"};
	replay_observe(replay, &ev, conn);
}

static void close_under_a_thread_in_poll_is_told_by_the_search_for_a_holder(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);
	struct spy_event ev;

	replay_close(replay, 7, SPY_STATE_ESTABLISHED);
	replay_wait_ms(replay, 6000);
	ev = replay_event(replay, SPY_CALL_close, 7);
	ev.op = SPY_OP_TICK;
	ev.stack = 0;
	ev.state = SPY_STATE_ESTABLISHED;
	ev.holder_asked = true;
	ev.in_use_tid = OWNER;
	replay_observe(replay, &ev, conn);
	assert_reports(replay, close_while_in_use);
	assert_int_equal(replay_evidence(replay_finding(replay, SPY_RULE_close_while_in_use), "in_use_tid"), OWNER);
	assert_counted(replay, close_without_fin, 0);
	assert_false(spy_core_wants_holder(replay->core, conn, replay->now_ns));
}

static void close_that_ends_nothing_is_reported_with_its_holder(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;
	struct spy_conn *conn;

	replay->core->forks = 1;
	conn = replay_accepted(replay, 7);
	replay->stack = 60;
	replay_close(replay, 7, SPY_STATE_ESTABLISHED);
	assert_false(spy_core_wants_holder(replay->core, conn, replay->now_ns));
	replay_wait_ms(replay, REPLAY_CLOSE_WAIT_MS - 1);
	look_held(replay, conn, true, 4713);
	assert_counted(replay, close_without_fin, 0);
	assert_false(spy_core_wants_holder(replay->core, conn, replay->now_ns));
	replay_wait_ms(replay, 1);
	assert_true(spy_core_wants_holder(replay->core, conn, replay->now_ns));
	look_held(replay, conn, false, 0);
	assert_counted(replay, close_without_fin, 0);
	look_held(replay, conn, true, 4713);
	finding = replay_finding(replay, SPY_RULE_close_without_fin);
	assert_non_null(finding);
	assert_string_equal(finding->cause, "held-elsewhere");
	assert_int_equal(replay_evidence(finding, "holder_pid"), 4713);
	assert_int_equal(replay_evidence(finding, "holder_fd"), 9);
	assert_string_equal(finding->holder_name, "child");
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 60);
	assert_false(spy_core_wants_holder(replay->core, conn, replay->now_ns));
	look_held(replay, conn, true, 4713);
	assert_counted(replay, close_without_fin, 1);
}

static void close_that_ends_something_or_leaves_it_to_its_server_is_fine(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	replay_only(replay, SPY_RULE_close_without_fin);
	conn = replay_connected(replay, 7);
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_2);
	replay_wait_ms(replay, 2 * REPLAY_CLOSE_WAIT_MS);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	/* A forking server's parent has not used it since fork(). */
	conn = replay_accepted(replay, 8);
	replay->core->forks++;
	replay_close(replay, 8, SPY_STATE_ESTABLISHED);
	replay_wait_ms(replay, 2 * REPLAY_CLOSE_WAIT_MS);
	look_held(replay, conn, true, 4713);
	/* Another thread is still inside a call on it. */
	conn = replay_accepted(replay, 7);
	close_in_use(replay, OWNER);
	replay_wait_ms(replay, 2 * REPLAY_CLOSE_WAIT_MS);
	look_held(replay, conn, true, 4713);
	assert_counted(replay, close_without_fin, 0);
}

static void a_parent_that_used_the_connection_after_fork_should_have_ended_it(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	replay->core->forks++;
	conn = replay_accepted(replay, 8);
	replay->core->forks++;
	replay_read(replay, 8, 12);
	replay_close(replay, 8, SPY_STATE_ESTABLISHED);
	replay_wait_ms(replay, 2 * REPLAY_CLOSE_WAIT_MS);
	look_held(replay, conn, true, 0);
	assert_reports(replay, close_without_fin);
}

static void a_dup_that_nobody_uses_keeps_close_from_ending_the_connection(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	spy_table_attach(&replay->core->table, 8, conn);
	replay_close(replay, 7, SPY_STATE_ESTABLISHED);
	replay_read(replay, 8, 12);
	replay_wait_ms(replay, 2 * REPLAY_CLOSE_WAIT_MS);
	replay_tick(replay, conn, SPY_STATE_ESTABLISHED);
	assert_counted(replay, close_without_fin, 0);
	spy_table_attach(&replay->core->table, 9, conn);
	replay_close(replay, 9, SPY_STATE_ESTABLISHED);
	replay_wait_ms(replay, 2 * REPLAY_CLOSE_WAIT_MS);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	assert_counted(replay, close_without_fin, 0);
	replay_tick(replay, conn, SPY_STATE_ESTABLISHED);
	assert_counted(replay, close_without_fin, 0);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	assert_reports(replay, close_without_fin);
	assert_string_equal(replay_finding(replay, SPY_RULE_close_without_fin)->cause, "dup");
	assert_int_equal(replay_finding(replay, SPY_RULE_close_without_fin)->fd, 8);
}

static void shutdown_and_then_close_is_correct(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_shutdown(replay, 7, SHUT_RDWR);
	replay_close(replay, 7, SPY_STATE_TIME_WAIT);
	replay_wait_ms(replay, 60000);
	replay_tick(replay, conn, SPY_STATE_CLOSED);
	assert_counted(replay, shutdown_without_close, 0);
}

static void eintr_of_one_dup_says_nothing_of_the_other(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev;

	spy_table_attach(&replay->core->table, 8, conn);
	ev = replay_event(replay, SPY_CALL_close, 7);
	replay_result(&ev, -EINTR);
	replay_observe(replay, &ev, spy_table_detach(&replay->core->table, 7));
	replay_close(replay, 8, SPY_STATE_FIN_WAIT_1);
	replay_after_close(replay, SPY_CALL_close, 8);
	assert_counted(replay, double_close, 1);
}

/* Java puts another descriptor over one that a thread is blocked on, and wakes the thread with a signal. */
static void dup2_over_a_connection_in_use_is_deliberate(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);
	struct spy_event ev = replay_event(replay, SPY_CALL_dup2, 7);

	ev.op = SPY_OP_CLOSE;
	ev.last_descriptor = true;
	ev.in_use_tid = 200;
	replay_observe(replay, &ev, conn);
	assert_counted(replay, close_while_in_use, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(each_call_on_a_closed_descriptor_has_its_rule),
		replay_test(use_after_close_is_reported_each_time_and_by_place),
		replay_test(an_open_descriptor_may_be_used_and_closed_once),
		replay_test(close_again_after_eintr_is_close_retry_and_not_double_close),
		replay_test(close_under_a_blocked_call_is_reported_unless_shutdown_woke_it),
		replay_test(close_under_a_thread_in_poll_is_told_by_the_search_for_a_holder),
		replay_test(close_that_ends_nothing_is_reported_with_its_holder),
		replay_test(close_that_ends_something_or_leaves_it_to_its_server_is_fine),
		replay_test(a_parent_that_used_the_connection_after_fork_should_have_ended_it),
		replay_test(a_dup_that_nobody_uses_keeps_close_from_ending_the_connection),
		replay_test(shutdown_and_then_close_is_correct),
		replay_test(eintr_of_one_dup_says_nothing_of_the_other),
		replay_test(dup2_over_a_connection_in_use_is_deliberate),
	};

	return cmocka_run_group_tests_name("rules_closed", tests, NULL, NULL);
}
