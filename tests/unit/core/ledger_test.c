/*
 * Tests of shim/core/ledger.h, of when a state began, and of the rules about FIN_WAIT_2 and
 * TIME_WAIT: how long connections were in each WAIT state, never longer than the record knows them.
 */
#include "replay.h"

#define MS REPLAY_MS

static struct spy_ledger *ledger_of(void **state)
{
	return &((struct replay *)*state)->core->ledger;
}

/* A record on descriptor 7 that came to its state at 1000 ms. */
static struct spy_conn *conn_in(void **state, enum spy_state in)
{
	struct spy_conn *conn = spy_table_open(&((struct replay *)*state)->core->table, 7, 0);

	spy_ledger_move(ledger_of(state), conn, in, 1000 * MS);
	return conn;
}

static void the_time_of_a_wait_state_is_booked_when_it_is_left(void **state)
{
	struct spy_ledger *ledger = ledger_of(state);
	struct spy_conn *conn = conn_in(state, SPY_STATE_CLOSE_WAIT);

	assert_int_equal(ledger->states[SPY_STATE_CLOSE_WAIT].connections, 1);
	assert_int_equal(ledger->states[SPY_STATE_CLOSE_WAIT].total_ns, 0);
	assert_int_equal(spy_ledger_move(ledger, conn, SPY_STATE_LAST_ACK, 1250 * MS), 250 * MS);
	assert_int_equal(ledger->states[SPY_STATE_CLOSE_WAIT].total_ns, 250 * MS);
	assert_int_equal(ledger->states[SPY_STATE_CLOSE_WAIT].max_ns, 250 * MS);
	assert_int_equal(ledger->states[SPY_STATE_LAST_ACK].connections, 1);
	assert_int_equal(conn->state, SPY_STATE_LAST_ACK);
	assert_int_equal(conn->since_ns, 1250 * MS);
}

static void the_four_wait_states_last_ack_and_closing_have_accounts(void **state)
{
	static const bool kept[SPY_STATE_COUNT] = {
		[SPY_STATE_FIN_WAIT_1] = true, [SPY_STATE_FIN_WAIT_2] = true, [SPY_STATE_CLOSE_WAIT] = true,
		[SPY_STATE_CLOSING] = true,    [SPY_STATE_LAST_ACK] = true,   [SPY_STATE_TIME_WAIT] = true,
	};
	struct spy_ledger *ledger = ledger_of(state);
	struct spy_conn *conn = conn_in(state, SPY_STATE_SYN_SENT);

	for (unsigned int i = 1; i < SPY_STATE_COUNT; i++) {
		spy_ledger_move(ledger, conn, (enum spy_state)i, conn->since_ns + MS);
		spy_ledger_move(ledger, conn, SPY_STATE_UNKNOWN, conn->since_ns + 7 * MS);
		assert_int_equal(ledger->states[i].connections, kept[i]);
		assert_int_equal(ledger->states[i].total_ns, kept[i] ? 7 * MS : 0);
	}
}

static void a_connection_is_counted_once_in_each_state_whatever_it_does(void **state)
{
	struct spy_ledger *ledger = ledger_of(state);
	struct spy_conn *conn = conn_in(state, SPY_STATE_FIN_WAIT_2);

	spy_ledger_move(ledger, conn, SPY_STATE_CLOSED, 1010 * MS);
	spy_ledger_move(ledger, conn, SPY_STATE_FIN_WAIT_2, 1020 * MS);
	spy_ledger_move(ledger, conn, SPY_STATE_CLOSED, 1050 * MS);
	assert_int_equal(ledger->states[SPY_STATE_FIN_WAIT_2].connections, 1);
	assert_int_equal(ledger->states[SPY_STATE_FIN_WAIT_2].total_ns, 40 * MS);
	assert_int_equal(ledger->states[SPY_STATE_FIN_WAIT_2].max_ns, 30 * MS);
}

static void the_longest_stay_is_not_the_last_one(void **state)
{
	struct spy_ledger *ledger = ledger_of(state);
	struct spy_conn *conn = conn_in(state, SPY_STATE_TIME_WAIT);

	spy_ledger_move(ledger, conn, SPY_STATE_CLOSED, 1500 * MS);
	spy_ledger_move(ledger, conn, SPY_STATE_TIME_WAIT, 2000 * MS);
	spy_ledger_move(ledger, conn, SPY_STATE_CLOSED, 2001 * MS);
	assert_int_equal(ledger->states[SPY_STATE_TIME_WAIT].max_ns, 500 * MS);
	assert_int_equal(ledger->states[SPY_STATE_TIME_WAIT].total_ns, 501 * MS);
}

static void a_state_never_begins_before_the_one_it_follows(void **state)
{
	struct spy_ledger *ledger = ledger_of(state);
	struct spy_conn *conn = conn_in(state, SPY_STATE_FIN_WAIT_1);

	assert_int_equal(spy_ledger_move(ledger, conn, SPY_STATE_TIME_WAIT, 999 * MS), 0);
	assert_int_equal(conn->since_ns, 1000 * MS);
	assert_int_equal(ledger->states[SPY_STATE_FIN_WAIT_1].total_ns, 0);
}

static void a_summary_books_what_is_not_over_without_a_move(void **state)
{
	struct spy_ledger copy = {.states = {{0}}};
	struct spy_conn *conn = conn_in(state, SPY_STATE_CLOSE_WAIT);

	spy_ledger_book(&copy, conn, 1300 * MS);
	assert_int_equal(copy.states[SPY_STATE_CLOSE_WAIT].total_ns, 300 * MS);
	assert_int_equal(copy.states[SPY_STATE_CLOSE_WAIT].max_ns, 300 * MS);
	assert_int_equal(copy.states[SPY_STATE_CLOSE_WAIT].connections, 0);
	assert_int_equal(conn->since_ns, 1000 * MS);
	spy_ledger_book(&copy, conn, 999 * MS);
	assert_int_equal(copy.states[SPY_STATE_CLOSE_WAIT].total_ns, 300 * MS);
	conn->state = SPY_STATE_ESTABLISHED;
	spy_ledger_book(&copy, conn, 1300 * MS);
	assert_int_equal(copy.states[SPY_STATE_ESTABLISHED].total_ns, 0);
}

/* An accepted connection, met in CLOSE_WAIT ten seconds later with these ages from the kernel. */
static struct spy_conn *met_in_close_wait(struct replay *replay, int64_t since_ack_ms, int64_t since_sent_ms)
{
	struct spy_conn *conn = replay_accepted(replay, 7);
	struct spy_event ev;

	replay_wait_ms(replay, 10000);
	ev = replay_event(replay, SPY_CALL_close, 7);
	ev.op = SPY_OP_TICK;
	ev.state = SPY_STATE_CLOSE_WAIT;
	ev.since_last_ack_ms = since_ack_ms;
	ev.since_last_sent_ms = since_sent_ms;
	replay_observe(replay, &ev, conn);
	return conn;
}

static void close_wait_is_counted_from_the_fin(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = met_in_close_wait(replay, 4000, 9000);

	assert_int_equal(conn->since_ns, replay->now_ns - 4000 * MS);
	assert_int_equal(replay->last.dwell_ns, 6000 * MS);
}

static void a_fin_in_the_millisecond_of_the_last_data_sent_counts(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = met_in_close_wait(replay, 4000, 4000);

	assert_int_equal(conn->since_ns, replay->now_ns - 4000 * MS);
}

static void after_data_was_sent_the_last_ack_is_not_the_fin(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = met_in_close_wait(replay, 4000, 3999);

	assert_int_equal(conn->since_ns, replay->now_ns);
}

static void an_age_that_the_kernel_did_not_tell_counts_from_now(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = met_in_close_wait(replay, SPY_UNKNOWN, SPY_UNKNOWN);

	assert_int_equal(conn->since_ns, replay->now_ns);
}

static void a_fin_is_not_older_than_the_record(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = met_in_close_wait(replay, 60000, 90000);

	assert_int_equal(conn->since_ns, replay->now_ns - 10000 * MS);
	assert_int_equal(replay->last.dwell_ns, 0);
}

static void an_age_beyond_the_start_of_the_clock_is_no_time_before_it(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = met_in_close_wait(replay, INT64_C(1) << 40, INT64_MAX);

	assert_int_equal(conn->since_ns, REPLAY_START_NS);
}

/* The age of the last ACK says nothing of any other state. */
static void the_last_ack_dates_close_wait_alone(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);
	struct spy_event ev;

	replay_wait_ms(replay, 10000);
	ev = replay_event(replay, SPY_CALL_close, 7);
	ev.op = SPY_OP_TICK;
	ev.state = SPY_STATE_FIN_WAIT_2;
	ev.since_last_ack_ms = 4000;
	ev.since_last_sent_ms = 9000;
	replay_observe(replay, &ev, conn);
	assert_int_equal(conn->since_ns, replay->now_ns);
}

static void time_wait_is_counted_from_where_its_timer_started(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev;

	replay_close(replay, 7, SPY_STATE_FIN_WAIT_2);
	replay_wait_ms(replay, 10000);
	ev = replay_event(replay, SPY_CALL_close, 7);
	ev.op = SPY_OP_TICK;
	ev.state = SPY_STATE_TIME_WAIT;
	ev.state_age_ms = 2500;
	replay_observe(replay, &ev, conn);
	assert_int_equal(replay->last.dwell_ns, 7500 * MS);
	assert_int_equal(conn->since_ns, replay->now_ns - 2500 * MS);
	assert_int_equal(replay->core->ledger.states[SPY_STATE_FIN_WAIT_2].total_ns, 7500 * MS);
}

/* A look that brings nothing new must not start the state again. */
static void a_state_that_goes_on_keeps_its_beginning(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = met_in_close_wait(replay, 4000, 9000);
	uint64_t began_ns = conn->since_ns;

	replay_wait_ms(replay, 1000);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(conn->since_ns, began_ns);
	assert_int_equal(replay->last.dwell_ns, 0);
	replay_wait_ms(replay, 1000);
	replay_close(replay, 7, SPY_STATE_LAST_ACK);
	assert_int_equal(replay->core->ledger.states[SPY_STATE_CLOSE_WAIT].total_ns, 6000 * MS);
}

static void fin_wait_2_stalls_after_its_time_open_or_closed(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	const struct spy_finding *finding;

	replay->stack = 101;
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_2);
	replay_wait_ms(replay, REPLAY_FIN_WAIT_MS);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	assert_counted(replay, fin_wait_2_stall, 0);
	replay_wait_ms(replay, 1);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	finding = replay_finding(replay, SPY_RULE_fin_wait_2_stall);
	assert_non_null(finding);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 101);
	assert_int_equal(replay_evidence(finding, "fin_wait_2_ms"), REPLAY_FIN_WAIT_MS + 1);
	conn = replay_connected(replay, 8);
	replay->stack = 102;
	replay_shutdown(replay, 8, SHUT_WR);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	replay_wait_ms(replay, 2 * REPLAY_FIN_WAIT_MS);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	finding = replay_finding(replay, SPY_RULE_fin_wait_2_stall);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 102);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	assert_counted(replay, fin_wait_2_stall, 2);
}

static void a_server_that_closes_first_keeps_time_wait(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_accepted(replay, 7);

	replay->stack = 111;
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_2);
	assert_counted(replay, server_closes_first, 0);
	replay_tick(replay, conn, SPY_STATE_TIME_WAIT);
	assert_reports(replay, server_closes_first);
	assert_int_equal(replay_finding(replay, SPY_RULE_server_closes_first)->stacks[SPY_STORY_HERE], 111);
	replay_tick(replay, conn, SPY_STATE_TIME_WAIT);
	assert_counted(replay, server_closes_first, 1);
	conn = replay_accepted(replay, 8);
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	replay_close(replay, 8, SPY_STATE_LAST_ACK);
	replay_tick(replay, conn, SPY_STATE_CLOSED);
	conn = replay_connected(replay, 9);
	replay_close(replay, 9, SPY_STATE_TIME_WAIT);
	replay_tick(replay, conn, SPY_STATE_TIME_WAIT);
	assert_counted(replay, server_closes_first, 1);
}

static const struct spy_wait_place *wait_place(const struct spy_ledger *ledger, enum spy_state state, uint32_t stack)
{
	for (uint32_t i = 0; i < ledger->place_count; i++)
		if (ledger->places[i].state == state && ledger->places[i].stack == stack)
			return &ledger->places[i];
	fail_msg("no place for %s at %u", spy_state_name(state), stack);
	return NULL;
}

/* CLOSE_WAIT is the doing of who read the end of file, LAST_ACK and the others of who closed. */
static void time_is_booked_to_the_place_that_put_a_connection_into_its_state(void **state)
{
	struct replay *replay = *state;
	const struct spy_wait_place *place;
	struct spy_conn *conn;

	for (int fd = 7; fd < 9; fd++) {
		replay->stack = 31;
		conn = replay_accepted(replay, fd);
		replay->stack = 32;
		replay_eof(replay, fd, SPY_STATE_CLOSE_WAIT);
		replay_wait_ms(replay, 10);
		replay->stack = 33;
		replay_close(replay, fd, SPY_STATE_LAST_ACK);
		replay_wait_ms(replay, 4);
		replay_tick(replay, conn, SPY_STATE_CLOSED);
	}
	place = wait_place(ledger_of(state), SPY_STATE_CLOSE_WAIT, 32);
	assert_int_equal(place->account.connections, 2);
	assert_int_equal(place->account.total_ns, 20 * MS);
	assert_int_equal(place->account.max_ns, 10 * MS);
	place = wait_place(ledger_of(state), SPY_STATE_LAST_ACK, 33);
	assert_int_equal(place->account.total_ns, 8 * MS);
	replay->stack = 34;
	conn = replay_accepted(replay, 9);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, 1);
	replay_close(replay, 9, SPY_STATE_LAST_ACK);
	assert_int_equal(wait_place(ledger_of(state), SPY_STATE_CLOSE_WAIT, 34)->account.total_ns, MS);
	replay->stack = 35;
	replay_connected(replay, 9);
	replay_shutdown(replay, 9, SHUT_WR);
	replay->stack = 36;
	replay_close(replay, 9, SPY_STATE_FIN_WAIT_2);
	replay_wait_ms(replay, 3);
	replay_tick(replay, replay_conn(replay, 9), SPY_STATE_TIME_WAIT);
	assert_int_equal(wait_place(ledger_of(state), SPY_STATE_FIN_WAIT_1, 35)->account.connections, 1);
	assert_int_equal(wait_place(ledger_of(state), SPY_STATE_FIN_WAIT_2, 35)->account.total_ns, 3 * MS);
}

static void beyond_the_places_the_states_keep_the_time(void **state)
{
	struct spy_ledger *ledger = ledger_of(state);
	struct spy_conn *conn = conn_in(state, SPY_STATE_CLOSE_WAIT);

	for (uint32_t stack = 1; stack <= SPY_WAIT_PLACES + 5; stack++) {
		conn->stacks[SPY_STACK_EOF] = stack;
		spy_ledger_move(ledger, conn, SPY_STATE_CLOSE_WAIT, conn->since_ns + MS);
	}
	assert_int_equal(ledger->place_count, SPY_WAIT_PLACES);
	assert_int_equal(ledger->states[SPY_STATE_CLOSE_WAIT].total_ns, (SPY_WAIT_PLACES + 5) * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(the_time_of_a_wait_state_is_booked_when_it_is_left),
		replay_test(the_four_wait_states_last_ack_and_closing_have_accounts),
		replay_test(a_connection_is_counted_once_in_each_state_whatever_it_does),
		replay_test(the_longest_stay_is_not_the_last_one),
		replay_test(a_state_never_begins_before_the_one_it_follows),
		replay_test(a_summary_books_what_is_not_over_without_a_move),
		replay_test(close_wait_is_counted_from_the_fin),
		replay_test(a_fin_in_the_millisecond_of_the_last_data_sent_counts),
		replay_test(after_data_was_sent_the_last_ack_is_not_the_fin),
		replay_test(an_age_that_the_kernel_did_not_tell_counts_from_now),
		replay_test(a_fin_is_not_older_than_the_record),
		replay_test(an_age_beyond_the_start_of_the_clock_is_no_time_before_it),
		replay_test(the_last_ack_dates_close_wait_alone),
		replay_test(time_wait_is_counted_from_where_its_timer_started),
		replay_test(a_state_that_goes_on_keeps_its_beginning),
		replay_test(fin_wait_2_stalls_after_its_time_open_or_closed),
		replay_test(a_server_that_closes_first_keeps_time_wait),
		replay_test(time_is_booked_to_the_place_that_put_a_connection_into_its_state),
		replay_test(beyond_the_places_the_states_keep_the_time),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
