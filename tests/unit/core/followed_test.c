/*
 * Tests of how many closed connections the watcher follows, and of which one leaves where there are more.
 */
#include "replay.h"

static void beyond_the_limit_closed_connections_are_counted_not_followed(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	for (int fd = 10; fd < 10 + (int)SPY_FOLLOWED_MAX; fd++) {
		replay_connected(replay, fd);
		replay_close(replay, fd, SPY_STATE_TIME_WAIT);
	}
	assert_int_equal(replay->core->unseen.not_followed, 0);
	conn = replay_connected(replay, 7);
	conn->state = SPY_STATE_TIME_WAIT;
	spy_table_pin(spy_table_detach(&replay->core->table, 7));
	spy_table_clear(&replay->core->table, 7);
	spy_table_unpin(conn);
	spy_core_let_go(replay->core, conn, 0);
	assert_int_equal(replay->core->table.followed_count, SPY_FOLLOWED_MAX);
	assert_int_equal(replay->core->unseen.not_followed, 1);
	assert_int_equal(conn->id, 0);
}

/* A busy client has thousands in TIME_WAIT, and what it closes then may stall like any other. */
static void what_is_in_time_wait_makes_place_for_what_was_just_closed(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *first = NULL, *conn;

	for (int fd = 10; fd < 10 + (int)SPY_FOLLOWED_MAX; fd++) {
		conn = replay_connected(replay, fd);
		replay_close(replay, fd, fd < 20 ? SPY_STATE_FIN_WAIT_2 : SPY_STATE_TIME_WAIT);
		if (fd == 20)
			first = conn;
	}
	conn = replay_connected(replay, 7);
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	assert_true(conn->flags & SPY_CONN_FOLLOWED);
	assert_non_null(first);
	assert_false(first->flags & SPY_CONN_FOLLOWED);
	assert_int_equal(first->state, SPY_STATE_CLOSED);
	assert_int_equal(replay->core->table.followed_count, SPY_FOLLOWED_MAX);
	assert_int_equal(replay->core->unseen.not_followed, 1);
	replay_wait_ms(replay, 60000);
	replay_only(replay, SPY_RULE_fin_wait_2_stall);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	replay_wait_ms(replay, 60000);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	assert_int_equal(replay_counted(replay, SPY_RULE_fin_wait_2_stall), 1);
}

static void nothing_but_time_wait_makes_place(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	for (int fd = 10; fd < 10 + (int)SPY_FOLLOWED_MAX; fd++) {
		replay_connected(replay, fd);
		replay_close(replay, fd, SPY_STATE_FIN_WAIT_2);
	}
	conn = replay_connected(replay, 7);
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	assert_false(conn->flags & SPY_CONN_FOLLOWED);
	assert_int_equal(replay->core->unseen.not_followed, 1);
}

int main(void)
{
	const struct CMUnitTest followed[] = {
		replay_test(beyond_the_limit_closed_connections_are_counted_not_followed),
		replay_test(what_is_in_time_wait_makes_place_for_what_was_just_closed),
		replay_test(nothing_but_time_wait_makes_place),
	};

	return cmocka_run_group_tests_name("followed", followed, NULL, NULL);
}
