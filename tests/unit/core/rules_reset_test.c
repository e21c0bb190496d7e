/*
 * Tests of the rules about a close() that resets the connection: with bytes still to be read, and with SO_LINGER at
 * 0 seconds; the peer gets RST, unless nothing is reset by it.
 */
#include "replay.h"

static void close_with_unread_bytes_is_reported_once(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	replay_accepted(replay, 7);
	replay_close_unread(replay, 7, SPY_STATE_CLOSED, 12);
	finding = replay_finding(replay, SPY_RULE_close_with_unread_data);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SPY_WARNING);
	assert_int_equal(replay_evidence(finding, "unread_bytes"), 12);
	assert_counted(replay, close_with_unread_data, 1);
	replay_accepted(replay, 8);
	replay_close_unread(replay, 8, SPY_STATE_UNKNOWN, 1);
	assert_counted(replay, close_with_unread_data, 2);
}

static void close_with_unread_bytes_is_no_fault_where_nothing_is_reset(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	replay_only(replay, SPY_RULE_close_with_unread_data);
	replay_accepted(replay, 7);
	replay_close_unread(replay, 7, SPY_STATE_FIN_WAIT_1, 0);
	replay_accepted(replay, 7);
	replay_close_unread(replay, 7, SPY_STATE_FIN_WAIT_1, SPY_UNKNOWN);
	conn = replay_accepted(replay, 7);
	spy_table_attach(&replay->core->table, 8, conn);
	replay_close_unread(replay, 7, SPY_STATE_ESTABLISHED, 12);
	replay_accepted(replay, 9);
	replay_setsockopt(replay, 9, SO_LINGER, 0);
	replay_close_unread(replay, 9, SPY_STATE_CLOSED, 12);
	conn = replay_accepted(replay, 10);
	replay_tick(replay, conn, SPY_STATE_CLOSED);
	replay_close_unread(replay, 10, SPY_STATE_CLOSED, 12);
	replay_accepted(replay, 11);
	replay_close_unread(replay, 11, SPY_STATE_ESTABLISHED, 12);
	replay_accepted(replay, 12);
	replay->core->forks++;
	replay_close_unread(replay, 12, SPY_STATE_CLOSED, 12);
	replay_accepted(replay, 13)->flags |= SPY_CONN_INHERITED;
	replay_close_unread(replay, 13, SPY_STATE_CLOSED, 12);
	assert_counted(replay, close_with_unread_data, 0);
}

static void a_held_connection_is_not_reset_by_linger(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	replay_setsockopt(replay, 7, SO_LINGER, 0);
	replay->core->forks++;
	replay_close(replay, 7, SPY_STATE_ESTABLISHED);
	assert_counted(replay, abortive_close, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(close_with_unread_bytes_is_reported_once),
		replay_test(close_with_unread_bytes_is_no_fault_where_nothing_is_reset),
		replay_test(a_held_connection_is_not_reset_by_linger),
	};

	return cmocka_run_group_tests_name("rules_reset", tests, NULL, NULL);
}
