/*
 * Which connection a call belongs to: addresses of all families, descriptors that are copied,
 * inherited or received, and everything that is no TCP socket.
 */
#include "../../support/test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static json_object *call_on(const struct log *log, const char *call, int64_t conn)
{
	return log_last(log, &(const struct log_match){.type = "call", .call = call, .conn = conn});
}

static void assert_starts_with(const char *text, const char *start)
{
	if (strncmp(text, start, strlen(start)) != 0)
		test_fail("\"%s\" does not start with \"%s\"", text, start);
}

/* The two ends name each other, and the client's own end has this address. */
static void assert_ends(const struct log *log, const char *client_address, const char *server_address)
{
	json_object *connected = call_on(log, "connect", SCRIPT_C_CONN);
	json_object *accepted = call_on(log, "accept", SCRIPT_A_CONN);

	assert_starts_with(log_text(connected, "local"), client_address);
	assert_starts_with(log_text(connected, "peer"), client_address);
	assert_starts_with(log_text(accepted, "local"), server_address);
	assert_starts_with(log_text(accepted, "peer"), server_address);
	assert_string_equal(strrchr(log_text(connected, "local"), ':'), strrchr(log_text(accepted, "peer"), ':'));
	assert_string_equal(strrchr(log_text(connected, "peer"), ':'), strrchr(log_text(accepted, "local"), ':'));
	assert_string_not_equal(log_text(connected, "local"), log_text(connected, "peer"));
}

static void ipv4_connection_is_named_by_its_addresses(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR SCRIPT_END);
	assert_ends(&log, "127.0.0.1:", "127.0.0.1:");
}

static void ipv6_connection_is_named_in_brackets(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL, "s=socket 6 stream; setsockopt s reuseaddr 1; bind s ::1 0; listen s 5\n"
				      "c=socket 6 stream; connect c ::1 @s; a=accept s\n" SCRIPT_END);
	assert_ends(&log, "[::1]:", "[::1]:");
	log_assert_text(call_on(&log, "socket", SCRIPT_C_CONN), "args.domain", "AF_INET6");
}

static void v4_mapped_connection_is_named_as_its_socket_sees_it(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL,
				"s=socket 6 stream; setsockopt s v6only 0; setsockopt s reuseaddr 1; bind s :: 0\n"
				"listen s 5; c=socket 4 stream; connect c 127.0.0.1 @s; a=accept s\n" SCRIPT_END);
	assert_ends(&log, "127.0.0.1:", "[::ffff:127.0.0.1]:");
}

static void sockets_of_a_process_are_numbered_from_one(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR SCRIPT_END "x=socket 4 stream; close x\n");
	log_assert_number(call_on(&log, "socket", SCRIPT_S_CONN), "ret", SCRIPT_S_FD);
	log_assert_number(call_on(&log, "socket", SCRIPT_C_CONN), "ret", SCRIPT_C_FD);
	log_assert_number(call_on(&log, "accept", SCRIPT_A_CONN), "ret", SCRIPT_A_FD);
	/* A number is never used again, while the descriptor is. */
	log_assert_number(call_on(&log, "socket", SCRIPT_A_CONN + 1), "ret", SCRIPT_S_FD);
}

static void call_records_carry_the_moment_and_the_thread(void **state)
{
	time_t before = time(NULL);
	struct log log;
	json_object *record;
	struct tm moment = {0};

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR "send c hello; recv a 9\n" SCRIPT_END);
	for (size_t i = 0; i < log.count; i++) {
		record = log.records[i];
		assert_non_null(strptime(log_text(record, "ts"), "%Y-%m-%dT%H:%M:%S", &moment));
		assert_in_range(timegm(&moment), before, time(NULL));
		/* One thread: it has the number of its process. The watcher's records have its own. */
		if (strcmp(log_text(record, "type"), "call") == 0)
			assert_int_equal(log_number(record, "tid"), log_number(record, "pid"));
	}
	assert_true(log_count(&log, &(const struct log_match){.type = "call"}) >= 13);
}

static void duration_is_the_time_that_the_call_blocked(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR "setsockopt a rcvtimeo 200; recv a 5\n");
	log_assert_text(call_on(&log, "recv", SCRIPT_A_CONN), "errno", "EAGAIN");
	assert_in_range(log_number(call_on(&log, "recv", SCRIPT_A_CONN), "duration_us"), 199000, 5000000);
	assert_in_range(log_number(call_on(&log, "accept", SCRIPT_A_CONN), "duration_us"), 0, 150000);
}

/* Whether a read will be the end of file is not known when it begins. */
static void duration_is_measured_where_only_some_calls_have_a_line(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged("calls=lifecycle", SCRIPT_PAIR "close c; recv a 9; close a\n");
	log_assert_text(call_on(&log, "recv", SCRIPT_A_CONN), "observed_eof", "true");
	/* Not in whole us: a system call is shorter on some machines. */
	assert_true(json_object_get_double(
			    json_object_object_get(call_on(&log, "recv", SCRIPT_A_CONN), "duration_us")) > 0);
}

static void non_blocking_connect_is_followed_to_its_end(void **state)
{
	struct log log;
	json_object *record;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_LISTENER "c=socket 4 stream nonblock; connect c 127.0.0.1 @s; a=accept s\n"
						      "getsockopt c error; send c hello; recv a 9\n" SCRIPT_END);
	record = call_on(&log, "connect", SCRIPT_C_CONN);
	log_assert_text(record, "errno", "EINPROGRESS");
	log_assert_text(call_on(&log, "getsockopt", SCRIPT_C_CONN), "state", "ESTABLISHED");
	log_assert_no_fault(&log);
}

static void copies_of_a_descriptor_share_the_connection(void **state)
{
	static const char lines[] = SCRIPT_PAIR "u=dup c; v=dup2 c 20; w=dup3 c 21; x=fcntl c dupfd 22\n"
						"y=fcntl64 c dupfd_cloexec 23; z=__dup2 c 24\n"
						"close c; send u a; send v b; send w c; send x d; send y e; send z f\n"
						"close u; close v; close w; close x; close y; close z; recv a 100\n"
						"close a; close s\n";
	struct log log;
	const struct log_match sent = {.type = "call", .call = "send", .conn = SCRIPT_C_CONN};
	json_object *record;

	(void)state;
	log = script_run_logged(NULL, lines);
	assert_int_equal(log_count(&log, &sent), 6);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close", .conn = SCRIPT_C_CONN}), 7);
	/* Only the last close() ends the connection. */
	record = log_first(&log, &(const struct log_match){.call = "close", .conn = SCRIPT_C_CONN});
	log_assert_text(record, "state", "ESTABLISHED");
	log_assert_like(call_on(&log, "close", SCRIPT_C_CONN), "state", "FIN_WAIT_[12]");
	log_assert_no_fault(&log);
}

static void dup2_over_a_connection_ends_it(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL,
				SCRIPT_PAIR "x=open /dev/null; dup2 x c; write c gone; recv a 9; close a; close s\n");
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "write"}), 0);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "send-after-close"}), 0);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "open-at-exit", .conn = SCRIPT_C_CONN}), 0);
	/* The accepted end has seen its end of file, because the other was closed. */
	log_assert_text(call_on(&log, "recv", SCRIPT_A_CONN), "state", "CLOSE_WAIT");
}

static void freopen_over_a_connection_ends_it(void **state)
{
	struct log log;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR "x=freopen c /dev/null; read x 9; recv a 9; close a; close s\n");
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "read"}), 0);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "recv-after-close"}), 0);
	assert_int_equal(log_count(&log, &(const struct log_match){.rule = "open-at-exit", .conn = SCRIPT_C_CONN}), 0);
	log_assert_text(call_on(&log, "recv", SCRIPT_A_CONN), "state", "CLOSE_WAIT");
}

static void child_inherits_the_connections_of_its_parent(void **state)
{
	struct log log;
	json_object *connected;
	json_object *sent;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR "fork send c hello; close c; _exit 0\nrecv a 9\n" SCRIPT_END);
	connected = call_on(&log, "connect", SCRIPT_C_CONN);
	sent = log_first(&log, &(const struct log_match){.call = "send", .fd = SCRIPT_C_FD});
	assert_int_not_equal(log_number(sent, "pid"), log_number(connected, "pid"));
	log_assert_text(sent, "local", log_text(connected, "local"));
	log_assert_text(sent, "peer", log_text(connected, "peer"));
	log_assert_text(sent, "state", "ESTABLISHED");
}

static void program_after_exec_finds_the_connections_it_inherits(void **state)
{
	struct log log;
	json_object *connected;
	json_object *sent;
	json_object *process;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_PAIR
				"exec again\nsend 4 hello; recv 5 9; close 4; recv 5 9; close 5; close 3\n");
	connected = call_on(&log, "connect", SCRIPT_C_CONN);
	sent = log_first(&log, &(const struct log_match){.call = "send", .fd = SCRIPT_C_FD});
	log_assert_number(sent, "pid", log_number(connected, "pid"));
	log_assert_text(sent, "local", log_text(connected, "local"));
	log_assert_text(sent, "peer", log_text(connected, "peer"));
	process = log_last(&log, &(const struct log_match){.type = "process"});
	assert_string_equal(json_object_get_string(json_object_array_get_idx(log_member(process, "argv"), 1)), "again");
}

/* nginx, php-fpm and others execute themselves for a new version, and take their listeners along on purpose. */
static void program_that_executes_itself_takes_its_listener_along(void **state)
{
	const struct log_match inherited = {.rule = "inherited-by-exec"};
	struct log log;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_LISTENER "exec\nclose 3\n");
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "process"}), 2);
	log_assert_no_fault(&log);
	/* Another script of the same interpreter is another program. */
	assert_int_equal(unlink(script_log()), 0);
	log = script_run_logged(NULL, SCRIPT_LISTENER "exec other\nclose 3\n");
	assert_int_equal(log_count(&log, &inherited), 1);
}

/* A forking server's child lets go of the listener, and its parent listens on. */
static void listener_that_another_process_has_as_well_listens_on(void **state)
{
	struct log log;
	json_object *child, *parent;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_LISTENER "fork close s; _exit 0\nclose s\n");
	child = log_first(&log, &(const struct log_match){.call = "close"});
	parent = log_last(&log, &(const struct log_match){.call = "close"});
	assert_int_not_equal(log_number(child, "pid"), log_number(parent, "pid"));
	log_assert_text(child, "state", "LISTEN");
	log_assert_text(parent, "state", "CLOSED");
	log_assert_no_fault(&log);
}

/* varnish binds in one process and listens in another. */
static void socket_on_which_another_process_listens_is_a_listener(void **state)
{
	const char *const lines = "s=socket 4 stream; bind s 127.0.0.1 0\nfork listen s 5; _exit 0\n"
				  "getsockname s; close s\n";
	struct run_result result;

	(void)state;
	result = script_run(NULL, lines);
	run_assert_exit(&result, 0);
	assert_true(test_matches(result.err, "getsockname\\(3\\) = 0 \\| CLOSED -> LISTEN \\| #1 [0-9.:]+ <- \\*"));
}

static void connection_received_over_a_unix_socket_is_logged(void **state)
{
	struct log log;
	json_object *sent;
	json_object *accepted;

	(void)state;
	log = script_run_logged(NULL, SCRIPT_LISTENER "c=adopt s; a=accept s; send c hello; recv a 9\n" SCRIPT_END);
	sent = log_first(&log, &(const struct log_match){.type = "call", .call = "send"});
	accepted = log_first(&log, &(const struct log_match){.type = "call", .call = "accept"});
	log_assert_text(sent, "local", log_text(accepted, "peer"));
	log_assert_text(sent, "peer", log_text(accepted, "local"));
	log_assert_no_fault(&log);
}

static void what_is_no_tcp_socket_is_not_logged(void **state)
{
	static const char lines[] = "pipe r w; write w hello; read r 9; close r; close w\n"
				    "f=open data; write f hello; close f; close f\n"
				    "u=socket 4 dgram; bind u 127.0.0.1 0; v=socket 4 dgram; connect v 127.0.0.1 @u\n"
				    "send v hello; recv u 9; dup u; shutdown v wr; close u; close v; send u x\n"
				    "x=socket unix stream; listen x 5; setsockopt x reuseaddr 1; close x; recv x 5\n";
	struct log log;

	(void)state;
	log = script_run_alike(NULL, lines);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "call"}), 0);
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "finding"}), 0);
	log_assert_number(log_first(&log, &(const struct log_match){.type = "summary"}), "connections", 0);
}

static void program_without_sockets_leaves_standard_error_alone(void **state)
{
	struct run_result result;

	(void)state;
	result = script_run(NULL, "pipe r w; write w hello; read r 9\n");
	run_assert_exit(&result, 0);
	assert_string_equal(result.err, "");
}

int main(void)
{
	const struct CMUnitTest connections[] = {
		TEST(ipv4_connection_is_named_by_its_addresses),
		TEST(ipv6_connection_is_named_in_brackets),
		TEST(v4_mapped_connection_is_named_as_its_socket_sees_it),
		TEST(sockets_of_a_process_are_numbered_from_one),
		TEST(call_records_carry_the_moment_and_the_thread),
		TEST(duration_is_the_time_that_the_call_blocked),
		TEST(duration_is_measured_where_only_some_calls_have_a_line),
		TEST(non_blocking_connect_is_followed_to_its_end),
		TEST(copies_of_a_descriptor_share_the_connection),
		TEST(dup2_over_a_connection_ends_it),
		TEST(freopen_over_a_connection_ends_it),
		TEST(child_inherits_the_connections_of_its_parent),
		TEST(program_after_exec_finds_the_connections_it_inherits),
		TEST(program_that_executes_itself_takes_its_listener_along),
		TEST(listener_that_another_process_has_as_well_listens_on),
		TEST(socket_on_which_another_process_listens_is_a_listener),
		TEST(connection_received_over_a_unix_socket_is_logged),
		TEST(what_is_no_tcp_socket_is_not_logged),
		TEST(program_without_sockets_leaves_standard_error_alone),
	};

	return cmocka_run_group_tests_name("connections", connections, NULL, NULL);
}
