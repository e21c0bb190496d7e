/*
 * Tests of tools/model: connections and their way through the states, the time in each, and which two
 * connections are the two sides of one.
 */
#include "model_items.h"

#define ESTABLISHED SPY_STATE_ESTABLISHED
#define CLOSE_WAIT  SPY_STATE_CLOSE_WAIT
#define FIN_WAIT_1  SPY_STATE_FIN_WAIT_1
#define FIN_WAIT_2  SPY_STATE_FIN_WAIT_2
#define LAST_ACK    SPY_STATE_LAST_ACK
#define CLOSED	    SPY_STATE_CLOSED

/* A client's connection that lies in CLOSE_WAIT from second 2 on, until it is closed. */
static void tell_leak(struct tale *tale, uint64_t conn)
{
	tell_call(tale, 1, "accept", conn, "10.0.0.1:80", "10.0.0.2:4000", ESTABLISHED, ESTABLISHED);
	tell_call(tale, 2, "recv", conn, NULL, NULL, ESTABLISHED, CLOSE_WAIT);
}

static void the_spans_of_a_connection_are_its_states_without_gaps(void **state)
{
	struct tale tale = tale_begin(NULL);
	const struct model_conn *conn;
	const struct model_span *spans;

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_leak(&tale, 12);
	tell_call(&tale, 6, "close", 12, NULL, NULL, CLOSE_WAIT, LAST_ACK);
	tell_state(&tale, 6.5, 12, 0.25, LAST_ACK, CLOSED);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->conns_count, 1);
	conn = &tale.model->conns[0];
	assert_int_equal(conn->id, 12);
	assert_true(conn->accepted);
	assert_int_equal(conn->state, CLOSED);
	assert_string_equal(model_text(tale.model, conn->peer), "10.0.0.2:4000");
	assert_int_equal(conn->span_count, 3);
	spans = &tale.model->spans[conn->first_span];
	assert_int_equal(spans[0].state, ESTABLISHED);
	assert_int_equal(spans[0].from_ns, at(1)); /* not when accept() began to wait */
	assert_int_equal(spans[0].to_ns, at(2));
	assert_int_equal(spans[1].state, CLOSE_WAIT);
	assert_int_equal(spans[1].to_ns, at(6));
	assert_int_equal(spans[2].state, LAST_ACK);
	/* Dated by what it lasted, not by when it was looked at. */
	assert_int_equal(spans[2].to_ns, at(6.25));
	assert_false(spans[2].open);
	assert_int_equal(tale.model->transitions[CLOSE_WAIT][LAST_ACK].count, 1);
	assert_int_equal(tale.model->transitions[CLOSE_WAIT][LAST_ACK].max_ns, SECONDS(4));
	model_close(tale.model);
}

static void what_is_still_in_a_state_stays_to_the_end_of_its_log(void **state)
{
	struct tale tale = tale_begin(NULL);
	const struct model_span *last;

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_leak(&tale, 12);
	tell_call(&tale, 9, "socket", 13, NULL, NULL, CLOSED, CLOSED);
	model_finish(tale.model, NULL);
	last = &tale.model->spans[tale.model->conns[0].first_span + 1];
	assert_int_equal(last->state, CLOSE_WAIT);
	assert_true(last->open);
	assert_int_equal(last->to_ns, at(9));
	/* Without a summary the time is what was seen. */
	assert_int_equal(tale.model->waits_count, 1);
	assert_int_equal(tale.model->waits[0].state, CLOSE_WAIT);
	assert_int_equal(tale.model->waits[0].total_ns, SECONDS(7));
	assert_false(tale.model->processes[0].summarized);
	assert_int_equal(tale.model->processes[0].connections, 1);
	model_close(tale.model);
}

static void a_change_that_no_line_tells_is_seen_by_the_next(void **state)
{
	struct tale tale = tale_begin(NULL);

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_call(&tale, 1, "connect", 1, "a:1", "b:2", CLOSED, ESTABLISHED);
	tell_call(&tale, 3, "close", 1, NULL, NULL, CLOSE_WAIT, LAST_ACK);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->transitions[ESTABLISHED][CLOSE_WAIT].count, 1);
	assert_int_equal(tale.model->transitions[CLOSE_WAIT][LAST_ACK].count, 1);
	/* The socket before connect(), the connection, CLOSE_WAIT as long as close() took, LAST_ACK. */
	assert_int_equal(tale.model->conns[0].span_count, 4);
	assert_int_equal(tale.model->spans[2].from_ns, at(3) - 1000000);
	model_close(tale.model);
}

static void events_are_by_connection_and_time_whatever_order_threads_wrote_them_in(void **state)
{
	struct tale tale = tale_begin(NULL);
	const struct model_event *event;

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_call(&tale, 1, "accept", 1, "a:1", "b:2", ESTABLISHED, ESTABLISHED);
	tell_call(&tale, 2, "accept", 2, "a:1", "b:3", ESTABLISHED, ESTABLISHED);
	tell_call(&tale, 4, "send", 1, NULL, NULL, ESTABLISHED, ESTABLISHED);
	tell_call(&tale, 3, "recv", 1, NULL, NULL, ESTABLISHED, ESTABLISHED);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->conns[0].event_count, 3);
	assert_int_equal(tale.model->conns[1].event_count, 1);
	event = &tale.model->events[tale.model->conns[0].first_event + 1];
	assert_string_equal(model_text(tale.model, event->call), "recv");
	assert_string_equal(model_text(tale.model, event->args), "len=128, flags=MSG_PEEK");
	assert_int_equal(event->fd, 7);
	model_close(tale.model);
}

static void a_text_report_keeps_no_events(void **state)
{
	struct tale tale = tale_begin(&(const struct model_filter){0});

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_leak(&tale, 12);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->events_count, 0);
	assert_int_equal(tale.model->spans_count, 0);
	assert_int_equal(tale.model->conns_count, 1);
	assert_int_equal(tale.model->waits_count, 1);
	model_close(tale.model);
}

/* A server on one host and its client, perhaps on another. */
static struct tale two_sides(const char *server, const char *client, const char *address, double later)
{
	struct tale tale = tale_begin(NULL);
	char local[64], peer[64];

	snprintf(local, sizeof(local), "%s:80", address);
	snprintf(peer, sizeof(peer), "%s:4000", address);
	tell_process(&tale, 0, 10, server, "/bin/served");
	tell_call(&tale, 1, "accept", 1, local, peer, ESTABLISHED, ESTABLISHED);
	tell_call(&tale, 3, "close", 1, NULL, NULL, ESTABLISHED, FIN_WAIT_1);
	model_next_file(tale.model);
	tell_process(&tale, 0, 10, client, "/bin/client");
	tell_call(&tale, 1 + later, "connect", 1, peer, local, CLOSED, ESTABLISHED);
	tell_call(&tale, 2 + later, "close", 1, NULL, NULL, ESTABLISHED, FIN_WAIT_1);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->conns_count, 2);
	return tale;
}

static void both_sides_of_a_connection_find_each_other(void **state)
{
	struct tale tale = two_sides("web", "web", "127.0.0.1", 0);

	(void)state;
	assert_int_equal(tale.model->conns[0].other, 1);
	assert_int_equal(tale.model->conns[1].other, 0);
	model_close(tale.model);
	tale = two_sides("web", "desk", "10.0.0.1", 3.5);
	assert_int_equal(tale.model->conns[0].other, 1);
	model_close(tale.model);
}

static void other_times_and_other_hosts_loopback_are_other_connections(void **state)
{
	struct tale tale = two_sides("web", "web", "127.0.0.1", 5);

	(void)state;
	assert_int_equal(tale.model->conns[0].other, MODEL_NONE);
	model_close(tale.model);
	tale = two_sides("web", "desk", "127.0.0.1", 0);
	assert_int_equal(tale.model->conns[0].other, MODEL_NONE);
	assert_int_equal(tale.model->conns[1].other, MODEL_NONE);
	model_close(tale.model);
}

static void of_several_that_may_be_it_the_nearest_is_the_other_side(void **state)
{
	struct tale tale = tale_begin(NULL);

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_call(&tale, 1, "accept", 1, "[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:4000", ESTABLISHED, ESTABLISHED);
	tell_call(&tale, 9, "recv", 1, NULL, NULL, ESTABLISHED, CLOSE_WAIT);
	tell_call(&tale, 5, "connect", 2, "127.0.0.1:4000", "127.0.0.1:80", CLOSED, ESTABLISHED);
	tell_call(&tale, 1, "connect", 3, "127.0.0.1:4000", "127.0.0.1:80", CLOSED, ESTABLISHED);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->conns[0].other, 2);
	assert_int_equal(tale.model->conns[1].other, MODEL_NONE);
	model_close(tale.model);
}

static void a_child_that_only_holds_a_connection_is_not_its_other_side(void **state)
{
	struct tale tale = tale_begin(NULL);

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_call(&tale, 1, "accept", 1, "127.0.0.1:80", "127.0.0.1:4000", ESTABLISHED, ESTABLISHED);
	tell_process(&tale, 0, 11, "web", "/bin/sh");
	tell_call(&tale, 0.5, "connect", 1, "127.0.0.1:4000", "127.0.0.1:80", CLOSED, ESTABLISHED);
	tell_call(&tale, 3, "send", 1, NULL, NULL, ESTABLISHED, ESTABLISHED);
	tell_process(&tale, 0.9, 12, "web", "/bin/sh");
	model_add(tale.model, &(const struct item){
				      .type = ITEM_FINDING,
				      .ts_ns = at(1),
				      .pid = 12,
				      .tid = 12,
				      .conn = 1,
				      .local = "127.0.0.1:4000",
				      .peer = "127.0.0.1:80",
				      .state = ESTABLISHED,
				      .state_before = ITEM_NO_STATE,
				      .finding = {.rule = "inherited-by-exec", .severity = "warning", .count = 1},
			      });
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->conns_count, 3);
	assert_int_equal(tale.model->conns[0].other, 1);
	assert_int_equal(tale.model->conns[2].other, MODEL_NONE);
	model_close(tale.model);
}

static void a_process_record_begins_a_new_process_with_the_same_pid(void **state)
{
	struct tale tale = tale_begin(NULL);

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/sh");
	tell_call(&tale, 1, "accept", 1, "a:1", "b:2", ESTABLISHED, ESTABLISHED);
	tell_process(&tale, 2, 10, "web", "/bin/served");
	tell_call(&tale, 3, "accept", 1, "a:1", "b:3", ESTABLISHED, ESTABLISHED);
	tale.pid = 11;
	tell_call(&tale, 4, "accept", 1, "a:1", "b:4", ESTABLISHED, ESTABLISHED);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->processes_count, 3);
	assert_int_equal(tale.model->conns_count, 3);
	assert_string_equal(model_text(tale.model, tale.model->processes[1].exe), "/bin/served");
	/* The beginning of its log is missing. */
	assert_null(model_text(tale.model, tale.model->processes[2].exe));
	assert_int_equal(tale.model->last_ns, at(4));
	model_close(tale.model);
}

static void what_was_before_since_tells_where_connections_were_and_no_more(void **state)
{
	struct tale tale = tale_begin(&(const struct model_filter){.since_ns = at(5), .keep_events = true});

	(void)state;
	tell_process(&tale, 0, 10, "web", "/bin/served");
	tell_leak(&tale, 12);
	tell_finding(&tale, 4, "close-wait-leak", "error", 12, frame_at("handle", 0x100, "aa"));
	tell_call(&tale, 6, "close", 12, NULL, NULL, CLOSE_WAIT, LAST_ACK);
	model_finish(tale.model, NULL);
	assert_int_equal(tale.model->groups_count, 0);
	assert_int_equal(tale.model->events_count, 1);
	assert_int_equal(tale.model->transitions[ESTABLISHED][CLOSE_WAIT].count, 0);
	assert_int_equal(tale.model->transitions[CLOSE_WAIT][LAST_ACK].total_ns, SECONDS(4));
	assert_true(tale.model->conns[0].accepted);
	model_close(tale.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_spans_of_a_connection_are_its_states_without_gaps),
		cmocka_unit_test(what_is_still_in_a_state_stays_to_the_end_of_its_log),
		cmocka_unit_test(a_change_that_no_line_tells_is_seen_by_the_next),
		cmocka_unit_test(events_are_by_connection_and_time_whatever_order_threads_wrote_them_in),
		cmocka_unit_test(a_text_report_keeps_no_events),
		cmocka_unit_test(both_sides_of_a_connection_find_each_other),
		cmocka_unit_test(other_times_and_other_hosts_loopback_are_other_connections),
		cmocka_unit_test(of_several_that_may_be_it_the_nearest_is_the_other_side),
		cmocka_unit_test(a_child_that_only_holds_a_connection_is_not_its_other_side),
		cmocka_unit_test(a_process_record_begins_a_new_process_with_the_same_pid),
		cmocka_unit_test(what_was_before_since_tells_where_connections_were_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
