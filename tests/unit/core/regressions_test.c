/*
 * Cases that were wrong once, found by replaying events against the kernel's rules; one for each.
 */
#include "../../../shim/core/infer.h"
#include "replay.h"

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

static void a_read_of_no_bytes_is_no_end_of_file(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	replay_read(replay, 7, 0); /* observed_eof false, state not told */
	assert_int_equal(conn->state, SPY_STATE_ESTABLISHED);
}

static void connect_to_af_unspec_closes(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev = replay_event(replay, SPY_CALL_connect, 7);
	replay_observe(replay, &ev, conn);
	assert_int_equal(conn->state, SPY_STATE_CLOSED);
}

static void eisconn_leaves_close_wait(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	replay_connect(replay, 7, -EISCONN, SPY_STATE_UNKNOWN);
	assert_int_equal(conn->state, SPY_STATE_CLOSE_WAIT);
}

static void eisconn_leaves_a_listener(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_socket(replay, 7);
	replay_listen(replay, 7, 0);
	replay_connect(replay, 7, -EISCONN, SPY_STATE_UNKNOWN);
	assert_int_equal(conn->state, SPY_STATE_LISTEN);
}

static void shutdown_of_a_listener_s_reading_side_closes_it(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_socket(replay, 7);
	replay_listen(replay, 7, 0);
	replay_shutdown(replay, 7, SHUT_WR);
	assert_int_equal(conn->state, SPY_STATE_LISTEN);
	replay_shutdown(replay, 7, SHUT_RD);
	assert_int_equal(conn->state, SPY_STATE_CLOSED);
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

static void a_child_s_ledger_begins_with_the_child(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, 1000);
	spy_core_forked(replay->core, replay->now_ns);
	replay_wait_ms(replay, 10);
	replay_close(replay, 7, SPY_STATE_LAST_ACK);
	(void)conn;
	print_message("connections %lu total %lu\n", replay->core->ledger.states[SPY_STATE_CLOSE_WAIT].connections,
		      replay->core->ledger.states[SPY_STATE_CLOSE_WAIT].total_ns);
	assert_true(!replay->core->ledger.states[SPY_STATE_CLOSE_WAIT].connections ==
		    !replay->core->ledger.states[SPY_STATE_CLOSE_WAIT].total_ns);
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

static void an_accept_in_between_ends_a_row_of_failures(void **state)
{
	struct replay *replay = *state;
	replay_socket(replay, 3);
	replay_listen(replay, 3, 0);
	for (int i = 0; i < 12; i++) {
		replay_call(replay, SPY_CALL_accept, 3, -ENOBUFS, SPY_STATE_LISTEN);
		replay_accepted(replay, 10 + i);
		spy_core_accepted(spy_table_conn(&replay->core->table, spy_table_slot(&replay->core->table, 3)));
	}
	assert_counted(replay, accept_spin, 0);
}

static void attaching_over_an_open_slot_frees_what_was_there(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *a = replay_connected(replay, 7), *b = replay_connected(replay, 8);
	spy_table_attach(&replay->core->table, 7, b);
	assert_int_equal(a->descriptors, 0);
	assert_int_equal(a->id, 0);
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

static void a_dissolved_association_forgets_its_shutdowns(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev;
	replay_shutdown(replay, 7, SHUT_RDWR);
	replay_read(replay, 7, 0);
	ev = replay_event(replay, SPY_CALL_connect, 7);
	ev.state = SPY_STATE_CLOSED;
	replay_observe(replay, &ev, conn);
	replay_connect(replay, 7, 0, SPY_STATE_ESTABLISHED);
	replay_shutdown(replay, 7, SHUT_RD);
	replay_wait_ms(replay, 1);
	replay_read(replay, 7, 0);
	assert_counted(replay, recv_after_shutdown, 1);
	replay_connected(replay, 8);
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
		replay_test(shutdown_and_then_close_is_correct),
		replay_test(a_read_of_no_bytes_is_no_end_of_file),
		replay_test(connect_to_af_unspec_closes),
		replay_test(eisconn_leaves_close_wait),
		replay_test(eisconn_leaves_a_listener),
		replay_test(shutdown_of_a_listener_s_reading_side_closes_it),
		replay_test(a_used_connection_is_not_idle_without_stacks),
		replay_test(a_child_s_ledger_begins_with_the_child),
		replay_test(an_error_of_an_inherited_connection_is_no_failed_connect),
		replay_test(an_accept_in_between_ends_a_row_of_failures),
		replay_test(attaching_over_an_open_slot_frees_what_was_there),
		replay_test(a_held_connection_is_not_reset_by_linger),
		replay_test(an_inherited_fin_wait_2_is_the_parent_s),
		replay_test(eintr_of_one_dup_says_nothing_of_the_other),
		replay_test(a_dissolved_association_forgets_its_shutdowns),
		replay_test(a_connection_that_was_left_may_be_closed_by_another_thread),
		replay_test(dup2_over_a_connection_in_use_is_deliberate),
	};
	return cmocka_run_group_tests_name("regressions", tests, NULL, NULL);
}
