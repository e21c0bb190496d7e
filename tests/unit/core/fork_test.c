/*
 * Tests of what the core knows of other processes: what the child of a fork() begins with, what is its
 * parent's until it uses it, and who else may hold a connection.
 */
#include "replay.h"

static void a_child_begins_with_counts_of_its_own(void **state)
{
	struct replay *replay = *state;
	struct spy_core *core = replay->core;
	struct spy_conn *conn = replay_accepted(replay, 7);

	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, 10);
	replay_close(replay, 7, SPY_STATE_LAST_ACK);
	replay_after_close(replay, SPY_CALL_recv, 7);
	replay_accepted(replay, 8);
	spy_core_closed_unseen(core, 8, replay->now_ns);
	core->forks = 3;
	core->table.untracked = 2;
	core->places.crowded_out = 2;
	core->unseen.not_followed = 2;
	spy_core_forked(core, REPLAY_START_NS);
	assert_int_equal(core->connections, 0);
	assert_int_equal(core->forks, 0);
	assert_int_equal(core->unseen.closes, 0);
	assert_int_equal(core->unseen.not_followed, 0);
	assert_int_equal(core->table.untracked, 0);
	assert_int_equal(core->table.followed_count, 0);
	assert_int_equal(core->places.count, 0);
	assert_int_equal(core->places.crowded_out, 0);
	assert_int_equal(core->by_severity[SPY_ERROR], 0);
	assert_int_equal(core->by_rule[SPY_RULE_recv_after_close], 0);
	assert_int_equal(core->ledger.states[SPY_STATE_CLOSE_WAIT].total_ns, 0);
	assert_int_equal(core->ledger.states[SPY_STATE_CLOSE_WAIT].connections, 0);
	/* The tombstone is the child's, too: the descriptor is closed there as well. */
	assert_int_not_equal(conn->id, 0);
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_reports(replay, recv_after_close);
}

static void a_connection_that_only_the_parent_had_goes_with_the_fork(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_close(replay, 7, SPY_STATE_FIN_WAIT_2);
	spy_table_clear(&replay->core->table, 7);
	spy_core_forked(replay->core, replay->now_ns);
	assert_int_equal(conn->id, 0);
}

static void a_childs_copy_is_the_parents_until_it_is_used(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *used = replay_accepted(replay, 7);
	struct spy_conn *unused = replay_accepted(replay, 8);

	spy_core_forked(replay->core, replay->now_ns);
	assert_int_not_equal(used->attention, 0);
	replay_read(replay, 7, 12);
	replay_read(replay, 7, 12);
	assert_false(used->flags & SPY_CONN_FORKED);
	assert_int_equal(replay->core->connections, 1);
	assert_int_equal(used->attention, 0);
	replay_tick(replay, unused, SPY_STATE_ESTABLISHED);
	assert_int_not_equal(unused->attention, 0);
	replay_tick(replay, unused, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, 2 * REPLAY_CLOSE_WAIT_MS);
	replay_tick(replay, unused, SPY_STATE_CLOSE_WAIT);
	replay_exit(replay, unused);
	replay_close(replay, 8, SPY_STATE_CLOSE_WAIT);
	assert_true(unused->flags & SPY_CONN_FORKED);
	assert_int_equal(replay->core->connections, 1);
	assert_int_equal(replay->core->by_severity[SPY_ERROR], 0);
	assert_int_equal(replay->core->by_severity[SPY_NOTE], 0);
}

static void a_child_s_ledger_begins_with_the_child(void **state)
{
	struct replay *replay = *state;
	const struct spy_account *account = &replay->core->ledger.states[SPY_STATE_CLOSE_WAIT];

	replay_accepted(replay, 7);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay_accepted(replay, 8);
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, 1000);
	spy_core_forked(replay->core, replay->now_ns);
	/* A close is no use: what the parent serves is the parent's to count. */
	replay_wait_ms(replay, 10);
	replay_close(replay, 7, SPY_STATE_LAST_ACK);
	assert_int_equal(replay->last.dwell_ns, 10 * REPLAY_MS);
	assert_int_equal(account->connections, 0);
	assert_int_equal(account->total_ns, 0);
	replay_read(replay, 8, -EAGAIN);
	replay_wait_ms(replay, 20);
	replay_close(replay, 8, SPY_STATE_LAST_ACK);
	assert_int_equal(account->connections, 1);
	assert_int_equal(account->total_ns, 20 * REPLAY_MS);
}

/* Whether a child may hold what this process closes is counted anew: none of its own does. */
static void what_a_child_uses_and_closes_is_its_own_to_answer_for(void **state)
{
	struct replay *replay = *state;

	replay->core->forks = 3;
	replay_accepted(replay, 7);
	spy_core_forked(replay->core, replay->now_ns);
	replay_read(replay, 7, 12);
	replay_close_unread(replay, 7, SPY_STATE_CLOSED, 12);
	assert_reports(replay, close_with_unread_data);
}

/* Another thread of the parent was in the middle of a close(), which does not go on in the child. */
static void a_close_that_fork_interrupted_holds_nothing_in_the_child(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	spy_table_pin(spy_table_detach(&replay->core->table, 7));
	spy_core_forked(replay->core, replay->now_ns);
	spy_table_clear(&replay->core->table, 7);
	assert_int_equal(conn->id, 0);
}

static void what_was_there_before_counts_from_its_first_use(void **state)
{
	struct replay *replay = *state;
	const struct spy_core *core = replay->core;
	struct spy_conn *accepted = replay_accepted(replay, 7);
	struct spy_conn *connected = replay_connected(replay, 8);
	struct spy_conn *socket = replay_socket(replay, 9);

	assert_int_equal(core->connections, 2);
	spy_core_not_ours_yet(replay->core, socket);
	assert_int_equal(core->connections, 2);
	spy_core_not_ours_yet(replay->core, connected);
	assert_int_equal(core->connections, 1);
	assert_int_equal(core->accepted, 1);
	spy_core_not_ours_yet(replay->core, accepted);
	assert_int_equal(core->connections, 0);
	assert_int_equal(core->accepted, 0);
	assert_int_not_equal(accepted->attention, 0);
	replay_exit(replay, accepted);
	assert_silent(replay, open_at_exit);
	replay_read(replay, 7, 12);
	assert_int_equal(core->connections, 1);
	assert_int_equal(core->accepted, 1);
	replay_read(replay, 9, -ENOTCONN);
	assert_int_equal(core->connections, 1);
	replay_exit(replay, accepted);
	assert_reports(replay, open_at_exit);
}

/* A forking server's parent leaves the connection to its child: whether there is one is asked where a leak is due. */
static void who_else_has_a_leaked_connection_is_asked_once_it_is_due(void **state)
{
	struct replay *replay = *state;
	struct spy_core *core = replay->core;
	struct spy_conn *conn = replay_accepted(replay, 7);

	core->forks++;
	replay_wait_ms(replay, 2 * REPLAY_CLOSE_WAIT_MS);
	assert_false(spy_core_wants_holder(core, conn, replay->now_ns));
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, REPLAY_CLOSE_WAIT_MS);
	assert_false(spy_core_wants_holder(core, conn, replay->now_ns));
	replay_wait_ms(replay, 1);
	assert_true(spy_core_wants_holder(core, conn, replay->now_ns));
	conn->next_look_ns = replay->now_ns + 1;
	assert_false(spy_core_wants_holder(core, conn, replay->now_ns));
	conn->next_look_ns = replay->now_ns;
	conn->used_forks = core->forks;
	assert_false(spy_core_wants_holder(core, conn, replay->now_ns));
	conn->used_forks = 0;
	conn->forks = core->forks;
	assert_false(spy_core_wants_holder(core, conn, replay->now_ns));
	conn->forks = 0;
	assert_true(spy_core_wants_holder(core, conn, replay->now_ns));
	conn->reported = UINT64_C(1) << SPY_RULE_close_wait_leak;
	assert_false(spy_core_wants_holder(core, conn, replay->now_ns));
	conn->reported = 0;
	spy_table_detach(&core->table, 7);
	assert_false(spy_core_wants_holder(core, conn, replay->now_ns));
}

static void an_error_of_an_inherited_connection_is_no_failed_connect(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev;

	spy_core_forked(replay->core, replay->now_ns);
	replay_tick(replay, conn, SPY_STATE_CLOSED);
	ev = replay_event(replay, SPY_CALL_getsockopt, 7);
	ev.arg[0] = SOL_SOCKET;
	ev.arg[1] = SO_ERROR;
	ev.arg[2] = ECONNRESET;
	replay_observe(replay, &ev, conn);
	assert_false(conn->flags & SPY_CONN_CONNECT_FAILED);
}

static void an_inherited_fin_wait_2_is_the_parent_s(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_shutdown(replay, 7, SHUT_WR);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	spy_core_forked(replay->core, replay->now_ns);
	replay_wait_ms(replay, 60000);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	assert_counted(replay, fin_wait_2_stall, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(a_child_begins_with_counts_of_its_own),
		replay_test(a_connection_that_only_the_parent_had_goes_with_the_fork),
		replay_test(a_childs_copy_is_the_parents_until_it_is_used),
		replay_test(a_child_s_ledger_begins_with_the_child),
		replay_test(what_a_child_uses_and_closes_is_its_own_to_answer_for),
		replay_test(a_close_that_fork_interrupted_holds_nothing_in_the_child),
		replay_test(what_was_there_before_counts_from_its_first_use),
		replay_test(who_else_has_a_leaked_connection_is_asked_once_it_is_due),
		replay_test(an_error_of_an_inherited_connection_is_no_failed_connect),
		replay_test(an_inherited_fin_wait_2_is_the_parent_s),
	};

	return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
