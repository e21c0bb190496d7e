/*
 * Tests of the two rules about CLOSE_WAIT, close-wait-leak and idle-close-wait: when each fires, with which
 * cause and place, and on what it is silent.
 */
#include "replay.h"

#define LONG_MS (2 * REPLAY_CLOSE_WAIT_MS)

/* The finding of a connection that has been in CLOSE_WAIT for ms, at this look. */
static const struct spy_finding *look_in_close_wait(struct replay *replay, struct spy_conn *conn, uint64_t ms,
						    enum spy_op op)
{
	replay_wait_ms(replay, ms);
	replay_look(replay, conn, op, SPY_STATE_CLOSE_WAIT);
	return replay_finding(replay, SPY_RULE_close_wait_leak);
}

static void close_wait_leaks_after_its_time_and_is_reported_once(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;
	const struct spy_finding *finding;

	replay->stack = 81;
	conn = replay_accepted(replay, 7);
	replay->stack = 82;
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	assert_null(look_in_close_wait(replay, conn, REPLAY_CLOSE_WAIT_MS, SPY_OP_TICK));
	finding = look_in_close_wait(replay, conn, 1, SPY_OP_TICK);
	assert_non_null(finding);
	assert_string_equal(finding->cause, "eof-read");
	assert_string_equal(finding->call, "recv");
	assert_string_equal(finding->side, "accepted");
	assert_int_equal(finding->age_ns, (REPLAY_CLOSE_WAIT_MS + 1) * REPLAY_MS);
	assert_int_equal(replay_evidence(finding, "close_wait_ms"), REPLAY_CLOSE_WAIT_MS + 1);
	assert_int_equal(finding->place, SPY_STORY_EOF);
	assert_int_equal(finding->stacks[SPY_STORY_CREATED], 81);
	assert_int_equal(finding->stacks[SPY_STORY_EOF], 82);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 0);
	look_in_close_wait(replay, conn, LONG_MS, SPY_OP_TICK);
	replay_exit(replay, conn);
	assert_counted(replay, close_wait_leak, 1);
}

static void the_cause_of_a_leak_is_what_was_done_with_the_end_of_file(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);
	const struct spy_finding *finding;

	replay->stack = 90;
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	finding = look_in_close_wait(replay, conn, LONG_MS, SPY_OP_TICK);
	assert_string_equal(finding->cause, "eof-unread");
	assert_int_equal(finding->place, SPY_STORY_CREATED);
	assert_null(strstr(finding->cause_text, "FILE"));
	conn = replay_accepted(replay, 9);
	replay->stack = 93;
	replay_call(replay, SPY_CALL_fdopen, 9, 0, SPY_STATE_CLOSE_WAIT);
	finding = look_in_close_wait(replay, conn, LONG_MS, SPY_OP_TICK);
	assert_string_equal(finding->cause, "eof-unread");
	assert_non_null(strstr(finding->cause_text, "FILE"));
	conn = replay_accepted(replay, 8);
	replay->stack = 91;
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	replay->stack = 92;
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	finding = look_in_close_wait(replay, conn, LONG_MS, SPY_OP_EXIT);
	assert_string_equal(finding->cause, "eof-ignored");
	assert_int_equal(replay_evidence(finding, "eof_reads"), 2);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 92);
}

static void leaks_are_counted_by_the_place_that_read_the_end_of_file(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conns[3];

	for (int i = 0; i < 3; i++)
		conns[i] = replay_accepted(replay, 7 + i);
	for (int i = 0; i < 3; i++) {
		replay->stack = i == 2 ? 99 : 98;
		replay_eof(replay, 7 + i, SPY_STATE_CLOSE_WAIT);
	}
	/* Where they were used after that makes no difference. */
	replay->stack = 97;
	replay_write(replay, 8, 5);
	assert_non_null(look_in_close_wait(replay, conns[0], LONG_MS, SPY_OP_TICK));
	assert_null(look_in_close_wait(replay, conns[1], 0, SPY_OP_TICK));
	assert_non_null(look_in_close_wait(replay, conns[2], 0, SPY_OP_TICK));
	assert_counted(replay, close_wait_leak, 3);
}

static void a_connected_socket_leaks_only_where_its_end_of_file_was_read(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	assert_null(look_in_close_wait(replay, conn, LONG_MS, SPY_OP_TICK));
	assert_reports(replay, idle_close_wait);
	assert_int_equal(replay_finding(replay, SPY_RULE_idle_close_wait)->severity, SPY_NOTE);
	conn = replay_connected(replay, 8);
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	assert_non_null(look_in_close_wait(replay, conn, LONG_MS, SPY_OP_TICK));
	assert_string_equal(replay_finding(replay, SPY_RULE_close_wait_leak)->side, "connected");
	assert_counted(replay, idle_close_wait, 1);
}

/* A forking server's parent: the child has the connection, and its own answer for it. */
static void a_leak_is_that_of_the_process_that_used_it_last(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);

	replay->core->forks++;
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	assert_null(look_in_close_wait(replay, conn, LONG_MS, SPY_OP_TICK));
	replay_read(replay, 7, -EAGAIN);
	assert_non_null(look_in_close_wait(replay, conn, 0, SPY_OP_TICK));
}

static void what_is_used_accepted_or_young_is_not_idle(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	replay_only(replay, SPY_RULE_idle_close_wait);
	conn = replay_connected(replay, 7);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	look_in_close_wait(replay, conn, REPLAY_CLOSE_WAIT_MS, SPY_OP_TICK);
	replay_write(replay, 7, 5);
	look_in_close_wait(replay, conn, LONG_MS, SPY_OP_TICK);
	conn = replay_accepted(replay, 8);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	look_in_close_wait(replay, conn, LONG_MS, SPY_OP_TICK);
	assert_counted(replay, idle_close_wait, 0);
}

static void a_leak_that_another_process_holds_names_it(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);
	struct spy_event ev;

	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, LONG_MS);
	replay_close(replay, 7, SPY_STATE_CLOSE_WAIT);
	assert_null(look_in_close_wait(replay, conn, REPLAY_CLOSE_WAIT_MS - 1, SPY_OP_TICK));
	replay_wait_ms(replay, 1);
	ev = replay_event(replay, SPY_CALL_close, 7);
	ev.op = SPY_OP_TICK;
	ev.state = SPY_STATE_CLOSE_WAIT;
	ev.holder_asked = true;
	ev.holder = (struct spy_holder){.pid = 4713, .fd = 9, .name = "child"};
	replay_observe(replay, &ev, conn);
	assert_reports(replay, close_wait_leak);
	assert_string_equal(replay_finding(replay, SPY_RULE_close_wait_leak)->cause, "held-elsewhere");
	assert_int_equal(replay_evidence(replay_finding(replay, SPY_RULE_close_wait_leak), "holder_pid"), 4713);
}

static void a_used_connection_is_not_idle_without_stacks(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	replay->stack = 0;
	conn = replay_connected(replay, 7);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	replay_write(replay, 7, 5);
	replay_wait_ms(replay, 6000);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	assert_counted(replay, idle_close_wait, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(close_wait_leaks_after_its_time_and_is_reported_once),
		replay_test(the_cause_of_a_leak_is_what_was_done_with_the_end_of_file),
		replay_test(leaks_are_counted_by_the_place_that_read_the_end_of_file),
		replay_test(a_connected_socket_leaks_only_where_its_end_of_file_was_read),
		replay_test(a_leak_is_that_of_the_process_that_used_it_last),
		replay_test(what_is_used_accepted_or_young_is_not_idle),
		replay_test(a_leak_that_another_process_holds_names_it),
		replay_test(a_used_connection_is_not_idle_without_stacks),
	};

	return cmocka_run_group_tests_name("rules_close_wait", tests, NULL, NULL);
}
