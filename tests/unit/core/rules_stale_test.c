/*
 * Tests of stale-close: a second close() of a number that is another thread's connection by now, and all the ways
 * in which one thread may rightly close what another has used.
 */
#include "replay.h"

/* Threads: one that closes what is not its own, and one whose connection that is. */
#define CLOSER 100
#define OWNER  200

/* CLOSER closes its connection 7; OWNER gets the number; CLOSER closes it once more. */
static struct spy_conn *stale_close(struct replay *replay, uint32_t closer, bool in_use)
{
	struct spy_conn *conn;

	replay->tid = CLOSER;
	replay->stack = 50;
	replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay->stack = 51;
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay->tid = OWNER;
	conn = replay_accepted(replay, 7);
	if (in_use)
		replay_read(replay, 7, 12);
	replay->tid = closer;
	replay->stack = 52;
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	return conn;
}

static void a_second_close_that_hits_another_threads_connection_is_stale(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	stale_close(replay, CLOSER, true);
	finding = replay_finding(replay, SPY_RULE_stale_close);
	assert_non_null(finding);
	assert_int_equal(finding->conn, 2);
	assert_int_equal(finding->fd, 7);
	assert_int_equal(finding->stacks[SPY_STORY_CLOSED], 51);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 52);
	assert_int_equal(replay_evidence(finding, "owner_tid"), OWNER);
	assert_int_equal(replay_evidence(finding, "closer_tid"), CLOSER);
}

/* Of the former connection one thread read and closed, and another wrote: that one, too, may have kept the number. */
static void who_wrote_on_the_former_connection_may_be_the_closer(void **state)
{
	struct replay *replay = *state;

	replay->tid = CLOSER;
	replay_accepted(replay, 7)->last_writer = CLOSER;
	replay->tid = CLOSER + 1;
	replay_read(replay, 7, 12);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay->tid = OWNER;
	replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay->tid = CLOSER;
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	assert_reports(replay, stale_close);
}

/* It had accepted the former one and closed it, and read and wrote nothing: nothing but the number was its own. */
static void who_made_and_closed_the_former_connection_may_be_the_closer(void **state)
{
	struct replay *replay = *state;

	replay->tid = CLOSER;
	replay_accepted(replay, 7);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay->tid = OWNER;
	replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay->tid = CLOSER;
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	assert_reports(replay, stale_close);
}

/* The victim's next call fails with EBADF: that is no fault of its own. */
static void the_victim_of_a_stale_close_is_not_blamed(void **state)
{
	struct replay *replay = *state;

	stale_close(replay, CLOSER, true);
	replay->tid = OWNER;
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_counted(replay, recv_after_close, 0);
	assert_counted(replay, stale_close, 1);
	replay->tid = CLOSER;
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_counted(replay, recv_after_close, 1);
}

static void who_closes_what_is_its_own_closes_nothing_stale(void **state)
{
	struct replay *replay = *state;

	stale_close(replay, OWNER, true);
	assert_counted(replay, stale_close, 0);
	stale_close(replay, CLOSER, false);
	assert_counted(replay, stale_close, 0);
	stale_close(replay, CLOSER + 1, true);
	assert_counted(replay, stale_close, 0);
	/* One thread alone: the number is its own again. */
	stale_close(replay, CLOSER, true);
	assert_counted(replay, stale_close, 1);
	replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	/* Who accepted it for another thread may close it. */
	replay_accepted(replay, 7);
	replay->tid = OWNER;
	replay_read(replay, 7, 12);
	replay->tid = CLOSER;
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	assert_counted(replay, stale_close, 1);
}

/* A thread that closes what others have served to their end is an event loop's. */
static void a_connection_that_is_done_may_be_closed_by_another_thread(void **state)
{
	struct replay *replay = *state;

	replay->tid = CLOSER;
	replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay->tid = OWNER;
	replay_accepted(replay, 7);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay->tid = CLOSER;
	replay_close(replay, 7, SPY_STATE_LAST_ACK);
	/* It never used the former one either: closing is what this thread is for. */
	replay->tid = OWNER;
	replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay->tid = CLOSER;
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	assert_counted(replay, stale_close, 0);
}

/* The thread that used a connection has ended: who closes it takes it over. */
static void a_connection_that_was_left_may_be_closed_by_another_thread(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;
	struct spy_event ev;

	replay->tid = 100;
	replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay->tid = 200;
	conn = replay_accepted(replay, 7);
	replay_read(replay, 7, 12);
	replay->tid = 100;
	ev = replay_event(replay, SPY_CALL_close, 7);
	ev.state = SPY_STATE_FIN_WAIT_1;
	ev.last_descriptor = true;
	ev.user_is_gone = true;
	replay_observe(replay, &ev, conn);
	assert_counted(replay, stale_close, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(a_second_close_that_hits_another_threads_connection_is_stale),
		replay_test(who_wrote_on_the_former_connection_may_be_the_closer),
		replay_test(who_made_and_closed_the_former_connection_may_be_the_closer),
		replay_test(the_victim_of_a_stale_close_is_not_blamed),
		replay_test(who_closes_what_is_its_own_closes_nothing_stale),
		replay_test(a_connection_that_is_done_may_be_closed_by_another_thread),
		replay_test(a_connection_that_was_left_may_be_closed_by_another_thread),
	};

	return cmocka_run_group_tests_name("rules_stale", tests, NULL, NULL);
}
