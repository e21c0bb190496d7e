/*
 * Tests of shim/core/core.h: what an event does to a record, how findings are counted, what is
 * followed after close(), what was not seen, and what a fork's child begins with.
 */
#include "replay.h"

static void an_event_is_completed_with_the_states_around_it(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);

	assert_int_equal(replay->last.state_before, SPY_STATE_CLOSED);
	assert_int_equal(replay->last.state, SPY_STATE_ESTABLISHED);
	assert_int_equal(replay->last.source, SPY_SOURCE_KERNEL);
	replay_wait_ms(replay, 30);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(replay->last.state_before, SPY_STATE_ESTABLISHED);
	assert_int_equal(replay->last.state, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(replay->last.dwell_ns, 30 * REPLAY_MS);
	assert_int_equal(conn->state, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(conn->since_ns, replay->now_ns);
}

static void a_state_is_inferred_until_the_kernel_tells(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);

	replay_read(replay, 7, 12);
	assert_int_equal(replay->last.state, SPY_STATE_ESTABLISHED);
	assert_int_equal(replay->last.source, SPY_SOURCE_INFERRED);
	replay_eof(replay, 7, SPY_STATE_UNKNOWN);
	assert_int_equal(replay->last.state, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(replay->last.source, SPY_SOURCE_INFERRED);
	replay_read(replay, 7, -EAGAIN);
	assert_int_equal(replay->last.source, SPY_SOURCE_INFERRED);
	replay_call(replay, SPY_CALL_getpeername, 7, 0, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(replay->last.source, SPY_SOURCE_KERNEL);
	assert_int_equal(conn->source, SPY_SOURCE_KERNEL);
}

static void addresses_are_kept_where_an_event_tells_them(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	assert_int_equal(conn->local.port, 5197);
	assert_int_equal(conn->peer.port, 41822);
	replay_read(replay, 7, 12);
	assert_int_equal(conn->local.port, 5197);
	assert_int_equal(conn->peer.port, 41822);
}

static void connections_are_counted_once_and_sockets_not_at_all(void **state)
{
	struct replay *replay = *state;

	replay_socket(replay, 3);
	replay->stack = 9;
	replay_bind(replay, 3, 5197, SPY_OPT_REUSEADDR);
	assert_int_equal(replay_conn(replay, 3)->stacks[SPY_STACK_BOUND], 9);
	replay_listen(replay, 3, SPY_OPT_REUSEADDR);
	assert_int_equal(replay->core->connections, 0);
	replay_accepted(replay, 7);
	assert_int_equal(replay->core->connections, 1);
	replay_socket(replay, 8);
	replay_connect(replay, 8, -EINPROGRESS, SPY_STATE_SYN_SENT);
	replay_connect(replay, 8, -EALREADY, SPY_STATE_SYN_SENT);
	replay_connect(replay, 8, 0, SPY_STATE_ESTABLISHED);
	assert_int_equal(replay->core->connections, 2);
	replay_socket(replay, 9);
	replay_connect(replay, 9, -ECONNREFUSED, SPY_STATE_CLOSED);
	assert_int_equal(replay->core->connections, 2);
}

static void a_connect_that_a_signal_interrupted_goes_on(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_socket(replay, 7);

	replay_connect(replay, 7, -EINTR, SPY_STATE_SYN_SENT);
	assert_true(conn->flags & SPY_CONN_CONNECTED);
	assert_false(conn->flags & SPY_CONN_CONNECT_FAILED);
	assert_int_equal(replay->core->connections, 1);
}

static void plain_data_on_a_healthy_connection_needs_no_rules(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_socket(replay, 7);

	assert_int_not_equal(conn->attention, 0);
	replay_connect(replay, 7, 0, SPY_STATE_ESTABLISHED);
	assert_int_equal(conn->attention, 0);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	assert_int_not_equal(conn->attention, 0);
}

static void a_connection_with_a_story_needs_the_rules(void **state)
{
	struct replay *replay = *state;

	replay_connected(replay, 7);
	replay_shutdown(replay, 7, SHUT_RD);
	assert_int_not_equal(replay_conn(replay, 7)->attention, 0);
	replay_connected(replay, 8);
	replay_eof(replay, 8, SPY_STATE_ESTABLISHED);
	assert_int_not_equal(replay_conn(replay, 8)->attention, 0);
	replay_connected(replay, 9);
	replay_call1(replay, SPY_CALL_shutdown, 9, SHUT_WR, 0);
	assert_int_not_equal(replay_conn(replay, 9)->attention, 0);
	spy_table_attach(&replay->core->table, 11, replay_connected(replay, 10));
	replay_close(replay, 11, SPY_STATE_ESTABLISHED);
	assert_int_not_equal(replay_conn(replay, 10)->attention, 0);
	replay_read(replay, 10, 12);
	assert_int_equal(replay_conn(replay, 10)->attention, 0);
}

static void a_call_on_a_closed_descriptor_leaves_the_record_alone(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);

	replay_close(replay, 7, SPY_STATE_FIN_WAIT_2);
	replay_wait_ms(replay, 10);
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_int_equal(replay->last.state_before, SPY_STATE_CLOSED);
	assert_int_equal(replay->last.state, SPY_STATE_CLOSED);
	assert_int_equal(replay->last.source, SPY_SOURCE_KERNEL);
	assert_int_equal(conn->state, SPY_STATE_FIN_WAIT_2);
	replay_after_close(replay, SPY_CALL_listen, 7);
	assert_false(conn->flags & SPY_CONN_LISTENER);
}

static void the_question_before_a_write_moves_no_state(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev;

	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	ev = replay_event(replay, SPY_CALL_send, 7);
	ev.before_call = true;
	ev.ret = 5;
	ev.state = SPY_STATE_CLOSED;
	replay_observe(replay, &ev, conn);
	assert_int_equal(replay->last.state_before, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(replay->last.state, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(conn->state, SPY_STATE_CLOSE_WAIT);
	assert_false(conn->flags & SPY_CONN_SENT_AFTER_FIN);
}

static void the_stacks_of_a_story_are_kept(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	replay->stack = 11;
	conn = replay_accepted(replay, 7);
	replay->stack = 12;
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay->stack = 13;
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay->stack = 14;
	replay_write(replay, 7, 5);
	replay->stack = 15;
	replay_write(replay, 7, 5);
	replay->stack = 16;
	replay_call(replay, SPY_CALL_dup, 7, 20, SPY_STATE_CLOSE_WAIT);
	replay_call1(replay, SPY_CALL_shutdown, 7, SHUT_WR, 0);
	replay->stack = 17;
	replay_close(replay, 7, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(conn->stacks[SPY_STACK_CREATED], 11);
	assert_int_equal(conn->stacks[SPY_STACK_EOF], 12);
	assert_int_equal(conn->stacks[SPY_STACK_SENT], 14);
	assert_int_equal(conn->stacks[SPY_STACK_USED], 15);
	assert_int_equal(conn->stacks[SPY_STACK_SHUT], 16);
	assert_int_equal(conn->stacks[SPY_STACK_CLOSED], 17);
}

static void a_peeked_end_of_file_is_still_to_be_read(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);
	struct spy_event ev = replay_event(replay, SPY_CALL_recv, 7);

	ev.observed_eof = true;
	ev.peek = true;
	ev.state = SPY_STATE_CLOSE_WAIT;
	replay_observe(replay, &ev, conn);
	assert_false(conn->flags & SPY_CONN_EOF);
	assert_int_equal(conn->eof_reads, 0);
}

static void a_shutdown_that_came_too_late_counts_on_a_connection_that_was(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_tick(replay, conn, SPY_STATE_CLOSED);
	replay_call1(replay, SPY_CALL_shutdown, 7, SHUT_RDWR, -ENOTCONN);
	assert_true(conn->flags & SPY_CONN_SHUT_RD);
	assert_true(conn->flags & SPY_CONN_SHUT_WR);
	conn = replay_socket(replay, 8);
	replay_call1(replay, SPY_CALL_shutdown, 8, SHUT_RDWR, -ENOTCONN);
	assert_false(conn->flags & (SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR));
	conn = replay_connected(replay, 9);
	replay_call1(replay, SPY_CALL_shutdown, 9, SHUT_RDWR, -EINVAL);
	assert_false(conn->flags & (SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR));
}

/* connect() to AF_UNSPEC makes a socket as new. */
static void a_dissolved_association_takes_its_story_with_it(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev = replay_event(replay, SPY_CALL_connect, 7);

	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay_shutdown(replay, 7, SHUT_RDWR);
	ev.state = SPY_STATE_CLOSED;
	replay_observe(replay, &ev, conn);
	assert_false(conn->flags & (SPY_CONN_CONNECTED | SPY_CONN_EOF | SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR));
	assert_int_equal(conn->eof_reads, 0);
	assert_int_equal(conn->peer.family, 0);
	assert_int_equal(conn->state, SPY_STATE_CLOSED);
}

static void a_closed_connection_is_followed_until_its_end(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_close(replay, 7, SPY_STATE_FIN_WAIT_2);
	assert_true(conn->flags & SPY_CONN_FOLLOWED);
	spy_table_clear(&replay->core->table, 7);
	assert_int_not_equal(conn->id, 0);
	replay_tick(replay, conn, SPY_STATE_CLOSED);
	spy_table_unfollow(&replay->core->table, conn);
	assert_int_equal(conn->id, 0);
}

static void what_ended_with_its_close_is_not_followed(void **state)
{
	struct replay *replay = *state;

	replay_connected(replay, 7);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay_socket(replay, 8);
	replay_call(replay, SPY_CALL_listen, 8, 0, SPY_STATE_LISTEN);
	replay_close(replay, 8, SPY_STATE_LISTEN);
	assert_int_equal(replay->core->table.followed_count, 0);
	spy_table_clear(&replay->core->table, 7);
	spy_table_clear(&replay->core->table, 8);
	assert_null(spy_table_at(&replay->core->table, 0));
	assert_null(spy_table_at(&replay->core->table, 1));
}

static void a_dup_keeps_a_connection_from_being_let_go(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	spy_table_attach(&replay->core->table, 8, conn);
	replay_close(replay, 7, SPY_STATE_ESTABLISHED);
	spy_core_let_go(replay->core, conn, 0);
	assert_int_equal(replay->core->table.followed_count, 0);
	assert_int_equal(conn->descriptors, 1);
	replay_close(replay, 8, SPY_STATE_FIN_WAIT_1);
	spy_core_let_go(replay->core, conn, 99);
	assert_int_equal(conn->next_look_ns, 0);
	assert_int_equal(replay->core->table.followed_count, 1);
	spy_table_unfollow(&replay->core->table, conn);
	spy_core_let_go(replay->core, conn, 99);
	assert_int_equal(conn->next_look_ns, 99);
}

static void a_read_of_no_bytes_is_no_end_of_file(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_read(replay, 7, 0); /* observed_eof false, state not told */
	assert_int_equal(conn->state, SPY_STATE_ESTABLISHED);
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

static void attaching_over_an_open_slot_frees_what_was_there(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *a = replay_connected(replay, 7), *b = replay_connected(replay, 8);

	spy_table_attach(&replay->core->table, 7, b);
	assert_int_equal(a->descriptors, 0);
	assert_int_equal(a->id, 0);
	spy_table_attach(&replay->core->table, 7, b);
	assert_int_equal(b->descriptors, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(an_event_is_completed_with_the_states_around_it),
		replay_test(a_state_is_inferred_until_the_kernel_tells),
		replay_test(addresses_are_kept_where_an_event_tells_them),
		replay_test(connections_are_counted_once_and_sockets_not_at_all),
		replay_test(a_connect_that_a_signal_interrupted_goes_on),
		replay_test(plain_data_on_a_healthy_connection_needs_no_rules),
		replay_test(a_connection_with_a_story_needs_the_rules),
		replay_test(a_call_on_a_closed_descriptor_leaves_the_record_alone),
		replay_test(the_question_before_a_write_moves_no_state),
		replay_test(the_stacks_of_a_story_are_kept),
		replay_test(a_peeked_end_of_file_is_still_to_be_read),
		replay_test(a_shutdown_that_came_too_late_counts_on_a_connection_that_was),
		replay_test(a_dissolved_association_takes_its_story_with_it),
		replay_test(a_closed_connection_is_followed_until_its_end),
		replay_test(what_ended_with_its_close_is_not_followed),
		replay_test(a_dup_keeps_a_connection_from_being_let_go),
		replay_test(a_read_of_no_bytes_is_no_end_of_file),
		replay_test(a_dissolved_association_forgets_its_shutdowns),
		replay_test(attaching_over_an_open_slot_frees_what_was_there),
	};

	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
