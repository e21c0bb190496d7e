/*
 * Tests of what findings tell besides that they fired: the cause in a sentence, the evidence by its names, the stacks
 * and the place that they are charged to.
 */
#include "../../../shim/spell/buf.h"
#include "replay.h"

#define LONG_MS (2 * REPLAY_CLOSE_WAIT_MS)

static void assert_says(const struct spy_finding *finding, const char *text, const char *expected)
{
	char room[512];
	struct spy_buf buf = SPY_BUF(room);

	assert_non_null(text);
	spy_message_expand(text, finding, &buf);
	assert_string_equal(spy_buf_cstr(&buf), expected);
}

/* The finding that the last event brought of a rule; there must be one. */
static const struct spy_finding *told(const struct replay *replay, enum spy_rule rule)
{
	const struct spy_finding *finding = replay_finding(replay, rule);

	assert_non_null(finding);
	return finding;
}

/* A look at a closed connection, with the holder that the search found; pid 0: none. */
static void look_for_holder(struct replay *replay, struct spy_conn *conn, enum spy_state state, int32_t pid)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_recv, conn->fd);

	ev.op = SPY_OP_TICK;
	ev.stack = 0;
	ev.state = state;
	ev.holder_asked = true;
	ev.holder = (struct spy_holder){.pid = pid, .fd = 9, .name = "child"};
	replay_observe(replay, &ev, conn);
}

static void a_use_after_close_tells_when_and_by_whom_it_was_closed(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	replay_accepted(replay, 7);
	replay->stack = 3;
	replay_close(replay, 7, SPY_STATE_CLOSED);
	replay_wait_ms(replay, 25);
	replay->stack = 4;
	replay_after_close(replay, SPY_CALL_recv, 7);
	finding = told(replay, SPY_RULE_recv_after_close);
	assert_int_equal(finding->fd, 7);
	assert_int_equal(replay_evidence(finding, "closed_ms_ago"), 25);
	assert_int_equal(replay_evidence(finding, "closed_by_tid"), 4712);
	assert_int_equal(finding->stacks[SPY_STORY_CLOSED], 3);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 4);
	/* Closed in the moment of the call: a clock that seems to run backwards is no age. */
	replay->now_ns -= 26 * REPLAY_MS;
	replay->stack = 5;
	replay_after_close(replay, SPY_CALL_recv, 7);
	assert_int_equal(told(replay, SPY_RULE_recv_after_close)->evidence_count, 1);
}

static void a_close_that_ended_nothing_tells_who_has_the_connection(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;
	struct spy_conn *conn = replay_connected(replay, 7);

	replay_close(replay, 7, SPY_STATE_ESTABLISHED);
	replay_wait_ms(replay, LONG_MS);
	look_for_holder(replay, conn, SPY_STATE_ESTABLISHED, 4713);
	finding = told(replay, SPY_RULE_close_without_fin);
	assert_says(finding, finding->cause_text, "pid 4713 (child) holds it as its descriptor 9");
	assert_string_equal(finding->call, "close");
	replay->stack++;
	conn = replay_connected(replay, 7);
	replay_close(replay, 7, SPY_STATE_ESTABLISHED);
	replay_wait_ms(replay, LONG_MS);
	look_for_holder(replay, conn, SPY_STATE_ESTABLISHED, 0);
	finding = told(replay, SPY_RULE_close_without_fin);
	assert_string_equal(finding->cause, "held-elsewhere");
	assert_says(finding, finding->cause_text, "another process holds it; which one could not be found");
	assert_int_equal(finding->evidence_count, 0);
}

static void a_dup_in_the_way_of_a_close_is_named(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;
	struct spy_conn *conn = replay_connected(replay, 7);

	spy_table_attach(&replay->core->table, 8, conn);
	replay_close(replay, 7, SPY_STATE_ESTABLISHED);
	replay_wait_ms(replay, LONG_MS);
	/* A connection that is over by itself needs no FIN any more. */
	conn->state = SPY_STATE_TIME_WAIT;
	replay_exit(replay, conn);
	assert_silent(replay, close_without_fin);
	conn->state = SPY_STATE_ESTABLISHED;
	replay_exit(replay, conn);
	finding = told(replay, SPY_RULE_close_without_fin);
	assert_says(finding, finding->cause_text, "descriptor 8 refers to it, too, and was not used since");
}

static void a_leak_says_what_was_done_with_the_end_of_file(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding = replay_leak(replay);

	assert_says(finding, finding->cause_text, "recv() returned 0 and descriptor 7 was never closed");
	assert_int_equal(replay_evidence(finding, "descriptors"), 1);
	replay_accepted(replay, 8);
	replay->stack = 9;
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, LONG_MS);
	replay_tick(replay, replay_conn(replay, 8), SPY_STATE_CLOSE_WAIT);
	finding = told(replay, SPY_RULE_close_wait_leak);
	assert_says(finding, finding->cause_text, "recv() returned 0 2 times, and descriptor 8 was never closed");
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 0);
}

static void a_leak_that_goes_on_elsewhere_says_where(void **state)
{
	static const struct {
		int32_t pid;
		const char *cause;
		unsigned int evidence; /* with the three that every leak has */
	} rows[] = {
		{4713, "close() here ended nothing: pid 4713 (child) holds it as its descriptor 9", 6},
		{0,
		 "close() here ended nothing: another process holds the connection, and which one could not be found",
		 3},
	};
	struct replay *replay = *state;

	replay_only(replay, SPY_RULE_close_wait_leak);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct spy_conn *conn = replay_accepted(replay, 7);
		const struct spy_finding *finding;

		replay->stack++;
		replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
		replay_close(replay, 7, SPY_STATE_CLOSE_WAIT);
		replay_wait_ms(replay, LONG_MS);
		look_for_holder(replay, conn, SPY_STATE_CLOSE_WAIT, rows[i].pid);
		finding = told(replay, SPY_RULE_close_wait_leak);
		assert_says(finding, finding->cause_text, rows[i].cause);
		assert_int_equal(finding->evidence_count, rows[i].evidence);
		assert_says(
			finding, finding->remedy,
			"close every copy; make descriptors close-on-exec (SOCK_CLOEXEC) and close them in children");
		assert_int_equal(finding->stacks[SPY_STORY_CLOSED], replay->stack);
	}
}

static void what_was_made_and_left_alone_is_charged_to_where_it_was_made(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;
	struct spy_conn *conn;

	replay->stack = 31;
	conn = replay_connected(replay, 7);
	replay->stack = 32;
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, LONG_MS);
	replay_look(replay, conn, SPY_OP_TICK, SPY_STATE_CLOSE_WAIT);
	finding = told(replay, SPY_RULE_idle_close_wait);
	assert_int_equal(finding->place, SPY_STORY_CREATED);
	assert_int_equal(finding->stacks[SPY_STORY_CREATED], 31);
	assert_int_equal(replay_evidence(finding, "close_wait_ms"), LONG_MS);
}

static void a_shutdown_without_close_is_charged_to_the_shutdown(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev;

	replay->stack = 41;
	replay_shutdown(replay, 7, SHUT_RDWR);
	replay_wait_ms(replay, LONG_MS);
	/* As at the end of a program that calls exit() on a stack of its own. */
	ev = replay_event(replay, SPY_CALL_close, 7);
	ev.op = SPY_OP_EXIT;
	ev.state = SPY_STATE_FIN_WAIT_2;
	ev.stack = 42;
	replay_observe(replay, &ev, conn);
	finding = told(replay, SPY_RULE_shutdown_without_close);
	assert_int_equal(finding->place, SPY_STORY_CLOSED);
	assert_int_equal(finding->stacks[SPY_STORY_CLOSED], 41);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 0);
	assert_int_equal(finding->age_ns, LONG_MS * REPLAY_MS);
	assert_int_equal(replay_evidence(finding, "since_shutdown_ms"), LONG_MS);
	/* An attempt that never came to be had no directions to end. */
	conn = replay_socket(replay, 8);
	replay_connect(replay, 8, -EINPROGRESS, SPY_STATE_SYN_SENT);
	conn->flags |= SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR;
	replay_exit(replay, conn);
	assert_silent(replay, shutdown_without_close);
}

static void calls_after_shutdown_and_end_of_file_tell_where_that_was(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;
	struct spy_event ev;

	replay_accepted(replay, 7);
	replay->stack = 51;
	replay_shutdown(replay, 7, SHUT_RD);
	replay_wait_ms(replay, 1);
	replay->stack = 52;
	replay_read(replay, 7, 0);
	assert_int_equal(told(replay, SPY_RULE_recv_after_shutdown)->stacks[SPY_STORY_CLOSED], 51);
	replay_accepted(replay, 8);
	replay->stack = 53;
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	replay->stack = 54;
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	ev = replay_event(replay, SPY_CALL_send, 8);
	ev.raised_sigpipe = true;
	replay_observe(replay, &ev, replay_conn(replay, 8));
	assert_int_equal(replay_evidence(told(replay, SPY_RULE_sigpipe), "eof_reads"), 2);
	replay_eof(replay, 8, SPY_STATE_CLOSE_WAIT);
	finding = told(replay, SPY_RULE_eof_ignored);
	assert_int_equal(finding->stacks[SPY_STORY_EOF], 53);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 54);
}

static void who_closes_first_is_told_for_how_long(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	replay_accepted(replay, 7);
	replay->stack = 61;
	replay_setsockopt(replay, 7, SO_LINGER, 0);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	assert_int_equal(replay_evidence(told(replay, SPY_RULE_abortive_close), "linger_s"), 0);
	replay_accepted(replay, 7);
	replay->stack = 62;
	replay_shutdown(replay, 7, SHUT_WR);
	replay->stack = 63;
	replay_close(replay, 7, SPY_STATE_TIME_WAIT);
	finding = told(replay, SPY_RULE_server_closes_first);
	assert_int_equal(replay_evidence(finding, "time_wait_ms"), SPY_TIME_WAIT_MS);
	assert_int_equal(finding->stacks[SPY_STORY_HERE], 62);
}

/* bind() is refused; what is said depends on who holds the port. */
static void a_refused_bind_says_why(void **state)
{
	static const struct {
		struct spy_port_holders holders;
		const char *cause;
		const char *message;
	} rows[] = {
		{{.listeners = 2},
		 "a listener holds the port",
		 "bind() to 127.0.0.1:5197 failed with EADDRINUSE: a socket in LISTEN holds the port"},
		{{.listeners = 1, .listener = {.pid = 4711, .name = "nginx"}},
		 "pid 4711 (nginx) listens on the port",
		 "bind() to 127.0.0.1:5197 failed with EADDRINUSE: pid 4711 (nginx) listens on it"},
		{{.time_wait = 2, .time_wait_age_ms = 1500},
		 "2 connection(s) of the port in TIME_WAIT, the oldest for 1500 of 60000 ms",
		 "bind() to 127.0.0.1:5197 failed with EADDRINUSE: 2 connection(s) in TIME_WAIT hold the port, the "
		 "oldest for 1500 ms"},
		{{.connections = 4},
		 "4 connection(s) of the port are still open",
		 "bind() to 127.0.0.1:5197 failed with EADDRINUSE: 4 connection(s) still use the port"},
		{{.time_wait = 0},
		 NULL,
		 "bind() to 127.0.0.1:5197 failed with EADDRINUSE; who holds the port could not be found"},
	};
	struct replay *replay = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct spy_event ev = replay_event(replay, SPY_CALL_bind, 3);
		const struct spy_finding *finding;

		replay_socket(replay, 3);
		replay_result(&ev, -EADDRINUSE);
		ev.stack = 70 + (uint32_t)i;
		ev.target = REPLAY_LOCAL;
		ev.holders = rows[i].holders;
		replay_observe(replay, &ev, replay_conn(replay, 3));
		finding = told(replay, SPY_RULE_missing_reuseaddr);
		assert_says(finding, finding->message, rows[i].message);
		assert_int_equal(replay_evidence(finding, "listeners"), rows[i].holders.listeners);
		if (rows[i].cause)
			assert_says(finding, finding->cause_text, rows[i].cause);
		else
			assert_null(finding->cause);
	}
}

static void an_inherited_socket_is_told_by_its_descriptor(void **state)
{
	struct replay *replay = *state;
	struct spy_conn *conn = replay_connected(replay, 7);
	struct spy_event ev;

	/* The number that the new program has may be a dup's, and not the one that the record goes by. */
	spy_table_attach(&replay->core->table, 8, conn);
	ev = replay_event(replay, SPY_CALL_execve, 8);
	ev.op = SPY_OP_EXEC;
	ev.no_cloexec = true;
	replay_observe(replay, &ev, conn);
	assert_int_equal(told(replay, SPY_RULE_inherited_by_exec)->fd, 8);
	assert_int_equal(replay_evidence(told(replay, SPY_RULE_inherited_by_exec), "close_on_exec"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(a_use_after_close_tells_when_and_by_whom_it_was_closed),
		replay_test(a_close_that_ended_nothing_tells_who_has_the_connection),
		replay_test(a_dup_in_the_way_of_a_close_is_named),
		replay_test(a_leak_says_what_was_done_with_the_end_of_file),
		replay_test(a_leak_that_goes_on_elsewhere_says_where),
		replay_test(what_was_made_and_left_alone_is_charged_to_where_it_was_made),
		replay_test(a_shutdown_without_close_is_charged_to_the_shutdown),
		replay_test(calls_after_shutdown_and_end_of_file_tell_where_that_was),
		replay_test(who_closes_first_is_told_for_how_long),
		replay_test(a_refused_bind_says_why),
		replay_test(an_inherited_socket_is_told_by_its_descriptor),
	};

	return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
