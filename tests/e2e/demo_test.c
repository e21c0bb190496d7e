/*
 * The scenarios of the article: what each must show, from the log of the demo under the shim and
 * from the kernel's own table.
 */
#include "../support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOODBYE 15 /* bytes of "Goodbye Client~" */

struct show {
	struct log log;
	uint16_t port;
	int64_t server; /* the accepted connection, the first where there are several */
	int64_t client; /* the connection that was opened */
};

static struct show play(const char *scenario, const char *further)
{
	struct run_spec spec = {.argv = {file_built("demo/tcpwaits"), scenario, "--hold", "0.3", "--port"},
				.options = script_options(further)};
	struct run_result result;
	struct show show;
	json_object *connected;

	show.port = net_free_port();
	spec.argv[5] = memory_text("%u", show.port);
	result = run(&spec);
	run_assert_exit(&result, 0);
	show.log = log_read(script_log());
	show.server = log_number(log_first(&show.log, &(const struct log_match){.call = "accept4"}), "conn");
	connected = log_next(&show.log, NULL, &(const struct log_match){.call = "connect", .state = "ESTABLISHED"});
	assert_non_null(connected);
	show.client = log_number(connected, "conn");
	return show;
}

static void assert_way(const struct show *show, int64_t conn, const char *pattern)
{
	const char *way = log_states(&show->log, 0, conn);

	if (!test_matches(way, memory_text("^(CLOSED )?((CLOSED|SYN_SENT) )*%s$", pattern)))
		test_fail("connection %d went %s, which is not like %s", (int)conn, way, pattern);
}

static json_object *finding(const struct show *show, const char *rule)
{
	return log_first(&show->log, &(const struct log_match){.type = "finding", .rule = rule});
}

/* One of the frames of the finding's stack is in this function. */
static void assert_frame(json_object *record, const char *stack, const char *function)
{
	json_object *frames = log_member(log_member(record, "stacks"), stack);

	for (size_t i = 0; frames && i < json_object_array_length(frames); i++) {
		if (strcmp(log_text(json_object_array_get_idx(frames, i), "function"), function) == 0)
			return;
	}
	test_fail("stack %s has no frame of %s: %s", stack, function, json_object_to_json_string(record));
}

static json_object *summary(const struct show *show)
{
	return log_last(&show->log, &(const struct log_match){.type = "summary"});
}

static void baseline_hardly_has_a_close_wait(void **state)
{
	struct show show;

	(void)state;
	show = play("baseline", "watch=20ms");
	assert_way(&show, show.server, "ESTABLISHED( FIN_WAIT_1)?( FIN_WAIT_2)?( CLOSING)? TIME_WAIT");
	assert_way(&show, show.client, "ESTABLISHED( CLOSE_WAIT)?( LAST_ACK)?( CLOSED)?");
	assert_int_equal(net_count("TIME_WAIT", show.port, NET_ANY), 1);
	assert_in_range(log_number(summary(&show), "wait_states.CLOSE_WAIT.max_ms"), 0, 200);
	log_assert_no_fault(&show.log);
}

static void close_wait_holds_the_server_there_and_the_client_in_fin_wait_2(void **state)
{
	struct show show;

	(void)state;
	show = play("close-wait", "watch=20ms");
	assert_way(&show, show.server, "ESTABLISHED CLOSE_WAIT LAST_ACK( CLOSED)?|ESTABLISHED CLOSE_WAIT CLOSED");
	assert_way(&show, show.client, "ESTABLISHED( FIN_WAIT_1)? FIN_WAIT_2 TIME_WAIT");
	assert_in_range(log_number(summary(&show), "wait_states.CLOSE_WAIT.max_ms"), 250, 5000);
	assert_in_range(log_number(summary(&show), "wait_states.FIN_WAIT_2.max_ms"), 200, 5000);
	/* 0.3 s are no leak yet where 5 s are allowed. */
	log_assert_no_fault(&show.log);
}

static void close_wait_beyond_its_limit_names_the_server_s_function(void **state)
{
	struct show show;
	json_object *leak;

	(void)state;
	show = play("close-wait", "watch=20ms:close_wait=100ms");
	leak = finding(&show, "close-wait-leak");
	log_assert_text(leak, "severity", "error");
	log_assert_text(leak, "cause", "eof-read");
	log_assert_text(leak, "state", "CLOSE_WAIT");
	log_assert_number(leak, "conn", show.server);
	assert_frame(leak, "created", "accept_client");
	assert_frame(leak, "eof", "see_the_end_and_sleep");
	log_assert_number(summary(&show), "errors", 1);
}

static void close_then_recv_fails_with_EBADF_and_the_goodbye_is_answered_with_RST(void **state)
{
	struct show show;
	json_object *received;
	json_object *sent;
	json_object *reset;

	(void)state;
	show = play("close-then-recv", NULL);
	received = log_first(&show.log, &(const struct log_match){.call = "recv", .error = "EBADF"});
	log_assert_number(received, "conn", show.client);
	assert_frame(finding(&show, "recv-after-close"), "here", "close_and_still_read");
	assert_frame(finding(&show, "recv-after-close"), "closed", "close_and_still_read");
	/* send() succeeds; what it leads to is that the connection is gone, from CLOSE_WAIT, without LAST_ACK. */
	sent = log_last(&show.log, &(const struct log_match){.call = "send", .conn = show.server});
	log_assert_number(sent, "ret", GOODBYE);
	log_assert_text(sent, "state_before", "CLOSE_WAIT");
	assert_way(&show, show.server, "ESTABLISHED CLOSE_WAIT CLOSED");
	reset = finding(&show, "send-to-closed-peer");
	log_assert_number(reset, "conn", show.server);
	assert_frame(reset, "here", "say_goodbye_to_a_closed_client");
	assert_int_equal(net_count("TIME_WAIT", NET_ANY, show.port), 0);
	assert_int_equal(net_count("TIME_WAIT", show.port, NET_ANY), 0);
}

static void half_close_lets_the_goodbye_arrive(void **state)
{
	struct show show;
	json_object *record;
	bool arrived = false;

	(void)state;
	show = play("half-close", NULL);
	record = log_last(&show.log, &(const struct log_match){.call = "send", .conn = show.server});
	log_assert_number(record, "ret", GOODBYE);
	log_assert_text(record, "state", "CLOSE_WAIT");
	record = log_first(&show.log, &(const struct log_match){.call = "shutdown", .conn = show.client});
	log_assert_text(record, "args.how", "SHUT_WR");
	while ((record = log_next(&show.log, record, &(const struct log_match){.call = "recv", .conn = show.client})))
		arrived = arrived || log_number(record, "ret") == GOODBYE;
	assert_true(arrived);
	assert_way(&show, show.client, "ESTABLISHED( FIN_WAIT_1)?( FIN_WAIT_2)? TIME_WAIT");
	assert_way(&show, show.server, "ESTABLISHED CLOSE_WAIT( LAST_ACK)?( CLOSED)?");
	assert_int_equal(net_count("TIME_WAIT", NET_ANY, show.port), 1);
	log_assert_no_fault(&show.log);
}

static void port_in_use_explains_why_bind_failed(void **state)
{
	struct show show;
	json_object *bound;
	json_object *explained;
	const struct log_match match = {.call = "bind", .error = "EADDRINUSE"};

	(void)state;
	show = play("port-in-use", NULL);
	assert_way(&show, show.server, "ESTABLISHED( FIN_WAIT_1)?( FIN_WAIT_2)? TIME_WAIT");
	bound = log_first(&show.log, &match);
	log_assert_text(bound, "args.address", memory_text("127.0.0.1:%u", show.port));
	explained = finding(&show, "missing-reuseaddr");
	log_assert_text(explained, "severity", "error");
	log_assert_number(explained, "fd", log_number(bound, "fd"));
	log_assert_number(explained, "evidence.time_wait", 1);
	log_assert_like(explained, "message", "TIME_WAIT");
	log_assert_like(explained, "remedy", "SO_REUSEADDR");
	assert_frame(explained, "here", "run_port_in_use");
	assert_int_equal(net_count("TIME_WAIT", show.port, NET_ANY), 1);
}

static void reuse_addr_binds_over_time_wait_and_leaves_two(void **state)
{
	struct show show;

	(void)state;
	show = play("reuse-addr", NULL);
	assert_int_equal(log_count(&show.log, &(const struct log_match){.call = "bind", .error = "EADDRINUSE"}), 0);
	assert_int_equal(log_count(&show.log, &(const struct log_match){.call = "listen", .state = "LISTEN"}), 2);
	assert_int_equal(net_count("TIME_WAIT", show.port, NET_ANY), 2);
	log_assert_number(summary(&show), "wait_states.TIME_WAIT.connections", 2);
	log_assert_no_fault(&show.log);
}

static void client_first_moves_time_wait_to_the_client(void **state)
{
	struct show show;

	(void)state;
	show = play("client-first", NULL);
	assert_way(&show, show.client, "ESTABLISHED( FIN_WAIT_1)?( FIN_WAIT_2)? TIME_WAIT");
	assert_way(&show, show.server, "ESTABLISHED CLOSE_WAIT( LAST_ACK)?( CLOSED)?");
	assert_int_equal(net_count("TIME_WAIT", show.port, NET_ANY), 0);
	assert_int_equal(net_count("TIME_WAIT", NET_ANY, show.port), 1);
	log_assert_no_fault(&show.log);
}

static void slips_of_the_tutorial_are_caught(void **state)
{
	struct show show;
	json_object *retry;

	(void)state;
	show = play("slips", NULL);
	assert_frame(finding(&show, "reuseport-instead"), "here", "serve_with_slips");
	retry = finding(&show, "connect-retry");
	log_assert_text(retry, "severity", "note");
	assert_frame(retry, "here", "connect_again_on_the_same_socket");
	assert_frame(finding(&show, "shutdown-without-close"), "closed", "leave_without_close");
	log_assert_number(finding(&show, "shutdown-without-close"), "conn", show.client);
	log_assert_number(summary(&show), "open_at_exit", 1);
}

static void demo_prints_the_same_lines_with_and_without_the_shim(void **state)
{
	static const char *const scenarios[] = {"half-close", "port-in-use", "client-first"};
	static const char sorted[] = "\"$0\" \"$1\" --hold 0.3 --port 0 | tr -s '[0-9]' '#' | sort";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
		struct run_spec spec = {.argv = {"sh", "-c", sorted, file_built("demo/tcpwaits"), scenarios[i]},
					.plain = true};
		struct run_result plain = run(&spec);
		struct run_result result;

		/* Sorted, because two threads speak, and without the numbers of ports. */
		spec.plain = false;
		spec.options = script_options(NULL);
		result = run(&spec);
		assert_true(plain.out_len > 100);
		run_assert_same(&result, &plain);
	}
}

int main(void)
{
	const struct CMUnitTest demo[] = {
		TEST(baseline_hardly_has_a_close_wait),
		TEST(close_wait_holds_the_server_there_and_the_client_in_fin_wait_2),
		TEST(close_wait_beyond_its_limit_names_the_server_s_function),
		TEST(close_then_recv_fails_with_EBADF_and_the_goodbye_is_answered_with_RST),
		TEST(half_close_lets_the_goodbye_arrive),
		TEST(port_in_use_explains_why_bind_failed),
		TEST(reuse_addr_binds_over_time_wait_and_leaves_two),
		TEST(client_first_moves_time_wait_to_the_client),
		TEST(slips_of_the_tutorial_are_caught),
		TEST(demo_prints_the_same_lines_with_and_without_the_shim),
	};

	return cmocka_run_group_tests_name("demo", demo, NULL, NULL);
}
