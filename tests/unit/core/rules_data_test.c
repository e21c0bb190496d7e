/*
 * Tests of the rules about ends of file, half-closes and what is sent after them. Each with the
 * correct way to do the same, on which it is silent.
 */
#include "replay.h"

#define LONG_MS (2 * REPLAY_FIN_WAIT_MS)

static void send_after_shutdown_is_reported_before_it_can_kill(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	replay_connected(replay, 7);
	replay_before_write(replay, 7);
	replay_write(replay, 7, 5);
	replay_shutdown(replay, 7, SHUT_RD);
	replay_before_write(replay, 7);
	assert_counted(replay, send_after_shutdown, 0);
	replay->stack = 5;
	replay_shutdown(replay, 7, SHUT_WR);
	assert_counted(replay, send_after_shutdown, 0);
	replay->stack = 6;
	replay_before_write(replay, 7);
	finding = replay_finding(replay, SPY_RULE_send_after_shutdown);
	assert_non_null(finding);
	assert_int_equal(finding->stacks[SPY_STORY_CLOSED], 5);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 6);
	replay_write(replay, 7, -EPIPE);
	assert_counted(replay, send_after_shutdown, 1);
	replay_before_write(replay, 7);
	assert_counted(replay, send_after_shutdown, 2);
}

static void recv_after_shutdown_of_reading_is_reported_once(void **state)
{
	struct replay *replay = *state;

	replay_connected(replay, 7);
	replay_read(replay, 7, 12);
	replay_shutdown(replay, 7, SHUT_WR);
	replay_read(replay, 7, 12);
	assert_counted(replay, recv_after_shutdown, 0);
	replay_wait_ms(replay, 1);
	replay_shutdown(replay, 7, SHUT_RD);
	assert_counted(replay, recv_after_shutdown, 0);
	replay_read(replay, 7, 0);
	assert_reports(replay, recv_after_shutdown);
	replay_read(replay, 7, 0);
	assert_counted(replay, recv_after_shutdown, 1);
}

static void one_read_after_shutdown_of_both_is_how_event_loops_clean_up(void **state)
{
	struct replay *replay = *state;

	replay_connected(replay, 7);
	replay_shutdown(replay, 7, SHUT_RDWR);
	replay_read(replay, 7, 0);
	assert_counted(replay, recv_after_shutdown, 0);
	replay_read(replay, 7, 0);
	assert_counted(replay, recv_after_shutdown, 1);
}

static void a_read_that_shutdown_woke_is_not_one_after_it(void **state)
{
	struct replay *replay = *state;
	struct spy_event ev;

	replay_connected(replay, 7);
	replay_wait_ms(replay, 10);
	replay_shutdown(replay, 7, SHUT_RD);
	replay_wait_ms(replay, 10);
	ev = replay_event(replay, SPY_CALL_recv, 7);
	ev.duration_ns = 11 * REPLAY_MS;
	replay_observe(replay, &ev, replay_conn(replay, 7));
	assert_counted(replay, recv_after_shutdown, 0);
	ev.duration_ns = 10 * REPLAY_MS;
	replay_observe(replay, &ev, replay_conn(replay, 7));
	assert_counted(replay, recv_after_shutdown, 1);
}

/* Connected, end of file read at stack 71, data sent at 72. */
static struct spy_conn *sent_after_fin(struct replay *replay, int fd)
{
	struct spy_conn *conn = replay_connected(replay, fd);

	replay->stack = 71;
	replay_eof(replay, fd, SPY_STATE_CLOSE_WAIT);
	replay->stack = 72;
	replay_write(replay, fd, 5);
	replay->stack = 73;
	return conn;
}

static void data_that_a_closed_peer_reset_is_charged_to_its_send(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = sent_after_fin(replay, 7);
	const struct spy_finding *finding;

	assert_counted(replay, send_to_closed_peer, 0);
	replay_write(replay, 7, -EPIPE);
	finding = replay_finding(replay, SPY_RULE_send_to_closed_peer);
	assert_non_null(finding);
	assert_int_equal(finding->stacks[SPY_STORY_EOF], 71);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 72);
	replay_read(replay, 7, -ECONNRESET);
	assert_counted(replay, send_to_closed_peer, 1);
	conn = sent_after_fin(replay, 8);
	replay_tick(replay, conn, SPY_STATE_CLOSED);
	assert_counted(replay, send_to_closed_peer, 2);
	sent_after_fin(replay, 9);
	replay_read(replay, 9, -ECONNRESET);
	assert_counted(replay, send_to_closed_peer, 3);
}

static void data_that_a_half_closed_peer_reads_is_no_fault(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn;

	replay_only(replay, SPY_RULE_send_to_closed_peer);
	sent_after_fin(replay, 7);
	replay_write(replay, 7, 5);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	/* After the program's own shutdown, EPIPE is its own. */
	conn = sent_after_fin(replay, 8);
	replay_shutdown(replay, 8, SHUT_WR);
	replay_write(replay, 8, -EPIPE);
	replay_tick(replay, conn, SPY_STATE_CLOSED);
	/* A reset by a peer to which nothing was sent after its FIN. */
	conn = replay_connected(replay, 9);
	replay_write(replay, 9, 5);
	replay_eof(replay, 9, SPY_STATE_CLOSE_WAIT);
	replay_write(replay, 9, -EAGAIN);
	replay_tick(replay, conn, SPY_STATE_CLOSED);
	replay_write(replay, 9, -EPIPE);
	assert_counted(replay, send_to_closed_peer, 0);
}

static void sigpipe_is_reported_where_it_is_raised(void **state)
{
	struct replay *replay = *state;
	struct spy_event ev;

	sent_after_fin(replay, 7);
	ev = replay_event(replay, SPY_CALL_send, 7);
	replay_result(&ev, -EPIPE);
	replay_observe(replay, &ev, replay_conn(replay, 7));
	assert_counted(replay, sigpipe, 0);
	ev.raised_sigpipe = true;
	replay_observe(replay, &ev, replay_conn(replay, 7));
	assert_reports(replay, sigpipe);
	assert_int_equal(replay_finding(replay, SPY_RULE_sigpipe)->stacks[SPY_STORY_EOF], 71);
}

static void a_third_end_of_file_is_an_ignored_one(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	assert_counted(replay, eof_ignored, 0);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	assert_reports(replay, eof_ignored);
	assert_int_equal(replay_evidence(replay_finding(replay, SPY_RULE_eof_ignored), "eof_reads"), 3);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	assert_counted(replay, eof_ignored, 1);
}

static void an_end_of_file_that_is_peeked_at_or_is_none_is_not_ignored(void **state)
{
	struct replay *replay = *state;
	struct spy_event ev;

	replay_accepted(replay, 7);
	ev = replay_event(replay, SPY_CALL_recv, 7);
	ev.observed_eof = true;
	ev.peek = true;
	for (int i = 0; i < 5; i++)
		replay_observe(replay, &ev, replay_conn(replay, 7));
	for (int i = 0; i < 5; i++)
		replay_read(replay, 7, -EAGAIN);
	assert_counted(replay, eof_ignored, 0);
}

static void shutdown_of_both_ways_wants_a_close(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_shutdown(replay, 7, SHUT_WR);
	replay_wait_ms(replay, LONG_MS);
	replay_exit(replay, conn);
	assert_counted(replay, shutdown_without_close, 0);
	replay->stack = 121;
	replay_shutdown(replay, 7, SHUT_RD);
	replay_wait_ms(replay, REPLAY_CLOSE_WAIT_MS - 1);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	assert_counted(replay, shutdown_without_close, 0);
	replay_wait_ms(replay, 1);
	replay_tick(replay, conn, SPY_STATE_FIN_WAIT_2);
	assert_reports(replay, shutdown_without_close);
	assert_int_equal(replay_finding(replay, SPY_RULE_shutdown_without_close)->stacks[SPY_STORY_CLOSED], 121);
	replay_exit(replay, conn);
	conn = replay_connected(replay, 8);
	replay_shutdown(replay, 8, SHUT_RDWR);
	replay_exit(replay, conn);
	assert_counted(replay, shutdown_without_close, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(send_after_shutdown_is_reported_before_it_can_kill),
		replay_test(recv_after_shutdown_of_reading_is_reported_once),
		replay_test(one_read_after_shutdown_of_both_is_how_event_loops_clean_up),
		replay_test(a_read_that_shutdown_woke_is_not_one_after_it),
		replay_test(data_that_a_closed_peer_reset_is_charged_to_its_send),
		replay_test(data_that_a_half_closed_peer_reads_is_no_fault),
		replay_test(sigpipe_is_reported_where_it_is_raised),
		replay_test(a_third_end_of_file_is_an_ignored_one),
		replay_test(an_end_of_file_that_is_peeked_at_or_is_none_is_not_ignored),
		replay_test(shutdown_of_both_ways_wants_a_close),
	};

	return cmocka_run_group_tests_name("rules_data", tests, NULL, NULL);
}
