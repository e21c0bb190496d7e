/*
 * Each of the eleven states of TCP, reached for real and found in the log by its name. Those that
 * pass too quickly to be seen are held by dropping packets, in a network namespace of the test's
 * own; without one these tests are skipped.
 */
#include "../../support/test.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYN	"tcp flags & (syn|ack) == syn"
#define SYN_ACK "tcp flags & (syn|ack) == (syn|ack)"

/* The kernel may take its time (RFC 9293, 3.8.6.3) with the ACK that leads from the one to the other. */
#define CLOSING_UP "FIN_WAIT_[12]"

static struct run_process *start(void)
{
	net_own();
	return script_start(script_options("watch=50ms"));
}

static unsigned int port_of(struct run_process *script, const char *variable)
{
	unsigned int port = 0;

	assert_int_equal(sscanf(script_say(script, memory_text("port %s", variable)), "port = %u", &port), 1);
	return port;
}

static void drop_to(unsigned int port)
{
	net_drop(memory_text("tcp dport %u", port));
}

static void drop_from(unsigned int port)
{
	net_drop(memory_text("tcp sport %u", port));
}

/* The log has the state, and the kernel's own table says that it is true. */
static void assert_reached(const char *state, int64_t conn)
{
	struct log log = log_wait(script_log(), &(const struct log_match){.state = state, .conn = conn});
	json_object *record = log_first(&log, &(const struct log_match){.state = state, .conn = conn});

	assert_true(net_count(state, NET_ANY, NET_ANY) > 0);
	if (strcmp(log_text(record, "type"), "call") == 0)
		log_assert_text(record, "state_source", "kernel");
}

/* The last record of the call has these states; patterns. */
static void assert_call(const char *call, int64_t conn, const char *before, const char *after)
{
	struct log log = log_wait(script_log(), &(const struct log_match){.call = call, .conn = conn});
	json_object *record = log_last(&log, &(const struct log_match){.call = call, .conn = conn});

	log_assert_like(record, "state_before", memory_text("^(%s)$", before));
	log_assert_like(record, "state", memory_text("^(%s)$", after));
	log_assert_text(record, "state_source", "kernel");
}

/* Waits until the connection is in its last state; its way there is like this pattern. */
static void assert_way(int64_t conn, const char *last, const char *way)
{
	struct log log = log_wait(script_log(), &(const struct log_match){.state = last, .conn = conn});

	if (!test_matches(log_states(&log, 0, conn), memory_text("^%s$", way)))
		test_fail("the way of connection %d is \"%s\" and not like \"%s\"", (int)conn,
			  log_states(&log, 0, conn), way);
}

static void new_socket_is_closed_until_it_listens(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_LISTENER);
	assert_call("socket", SCRIPT_S_CONN, "CLOSED", "CLOSED");
	assert_call("bind", SCRIPT_S_CONN, "CLOSED", "CLOSED");
	assert_call("listen", SCRIPT_S_CONN, "CLOSED", "LISTEN");
	assert_reached("LISTEN", SCRIPT_S_CONN);
	script_say(script, "close s");
	assert_call("close", SCRIPT_S_CONN, "LISTEN", "CLOSED");
}

static void connected_and_accepted_sockets_are_established(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	assert_call("connect", SCRIPT_C_CONN, "CLOSED", "ESTABLISHED");
	assert_reached("ESTABLISHED", SCRIPT_C_CONN);
	assert_reached("ESTABLISHED", SCRIPT_A_CONN);
}

static void unanswered_connect_is_in_syn_sent(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_LISTENER);
	net_drop(SYN);
	script_expect(script, "c=socket 4 stream nonblock; connect c 127.0.0.1 @s", "connect = -1 EINPROGRESS");
	assert_call("connect", SCRIPT_C_CONN, "CLOSED", "SYN_SENT");
	assert_reached("SYN_SENT", SCRIPT_C_CONN);
	net_drop_nothing();
	/* The kernel sends its SYN again after a second, and the watcher sees what came of it. */
	assert_way(SCRIPT_C_CONN, "ESTABLISHED", "CLOSED SYN_SENT ESTABLISHED");
}

static void simultaneous_open_without_answer_is_in_syn_recv(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	net_drop(SYN_ACK);
	/* To its own port: its SYN arrives at the socket that has just sent it (RFC 9293, 3.5). */
	script_say(script, "c=socket 4 stream nonblock; bind c 127.0.0.1 0; connect c 127.0.0.1 @c");
	script_say(script, "getsockopt c error");
	assert_call("getsockopt", 1, "SYN_RECV", "SYN_RECV");
	assert_reached("SYN_RECV", 1);
}

static void active_close_without_answer_is_in_fin_wait_1(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	drop_to(port_of(script, "s"));
	script_say(script, "close c");
	assert_call("close", SCRIPT_C_CONN, "ESTABLISHED", "FIN_WAIT_1");
	assert_reached("FIN_WAIT_1", SCRIPT_C_CONN);
}

static void active_close_that_is_acknowledged_is_in_fin_wait_2(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "close c");
	assert_call("close", SCRIPT_C_CONN, "ESTABLISHED", CLOSING_UP);
	assert_reached("FIN_WAIT_2", SCRIPT_C_CONN);
}

static void half_close_is_in_fin_wait_2_and_still_reads(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "shutdown c wr");
	assert_call("shutdown", SCRIPT_C_CONN, "ESTABLISHED", CLOSING_UP);
	script_expect(script, "recv a 9; send a bye; recv c 9", "recv = 3 \"bye\"");
	assert_call("send", SCRIPT_A_CONN, "CLOSE_WAIT", "CLOSE_WAIT");
	assert_call("recv", SCRIPT_C_CONN, CLOSING_UP, "FIN_WAIT_2");
}

static void passive_side_that_reads_the_end_of_file_is_in_close_wait(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "close c; recv a 9");
	assert_reached("CLOSE_WAIT", SCRIPT_A_CONN);
	script_say(script, "getsockopt a error");
	assert_call("getsockopt", SCRIPT_A_CONN, "CLOSE_WAIT", "CLOSE_WAIT");
}

/* Data that came before the FIN is read as ever; that the peer has closed stands in the line all the same. */
static void data_read_behind_the_peers_fin_is_in_close_wait(void **state)
{
	struct run_process *script;

	(void)state;
	net_own();
	script = script_start(script_options("watch=0"));
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "send c hello; close c");
	net_wait("CLOSE_WAIT", NET_ANY, NET_ANY, 1);
	script_expect(script, "recv a 2", "recv = 2 \"he\"");
	assert_call("recv", SCRIPT_A_CONN, "ESTABLISHED", "CLOSE_WAIT");
	script_expect(script, "recv a 2", "recv = 2 \"ll\"");
	assert_call("recv", SCRIPT_A_CONN, "CLOSE_WAIT", "CLOSE_WAIT");
}

static void simultaneous_close_without_answer_is_in_closing(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	/* The client's FIN and its ACKs get lost, the server's FIN does not. */
	drop_to(port_of(script, "s"));
	script_say(script, "shutdown c wr");
	assert_call("shutdown", SCRIPT_C_CONN, "ESTABLISHED", "FIN_WAIT_1");
	script_say(script, "close a; getsockopt c error");
	assert_reached("CLOSING", SCRIPT_C_CONN);
	script_say(script, "close c");
	assert_call("close", SCRIPT_C_CONN, "CLOSING", "CLOSING");
	net_drop_nothing();
	assert_way(SCRIPT_C_CONN, "TIME_WAIT", "CLOSED ESTABLISHED FIN_WAIT_1 CLOSING TIME_WAIT");
}

static void passive_close_without_answer_is_in_last_ack(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "close c; recv a 9");
	drop_from(port_of(script, "s"));
	script_say(script, "close a");
	assert_call("close", SCRIPT_A_CONN, "CLOSE_WAIT", "LAST_ACK");
	assert_reached("LAST_ACK", SCRIPT_A_CONN);
	net_drop_nothing();
	assert_way(SCRIPT_A_CONN, "CLOSED", "(CLOSED )?ESTABLISHED CLOSE_WAIT LAST_ACK CLOSED");
}

static void side_that_closed_first_ends_in_time_wait(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "close c; recv a 9; close a");
	assert_reached("TIME_WAIT", SCRIPT_C_CONN);
	assert_way(SCRIPT_C_CONN, "TIME_WAIT", "CLOSED ESTABLISHED( FIN_WAIT_1)?( FIN_WAIT_2)? TIME_WAIT");
}

/* A descriptor that is still open while its connection is in TIME_WAIT: the socket itself says CLOSED. */
static void half_closed_side_is_in_time_wait_before_its_close(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "shutdown c wr; recv a 9; close a; recv c 9");
	assert_reached("TIME_WAIT", SCRIPT_C_CONN);
	script_say(script, "close c");
	assert_call("close", SCRIPT_C_CONN, "TIME_WAIT", "TIME_WAIT");
}

static void reset_leads_to_closed(void **state)
{
	struct run_process *script;

	(void)state;
	script = start();
	script_say_all(script, SCRIPT_PAIR);
	script_say(script, "setsockopt c linger 0; close c");
	assert_call("close", SCRIPT_C_CONN, "ESTABLISHED", "CLOSED");
	script_expect(script, "recv a 9", "recv = -1 ECONNRESET");
	assert_call("recv", SCRIPT_A_CONN, "ESTABLISHED", "CLOSED");
}

/* After close() only the kernel's table knows the connection, and it keeps families apart. */
static void state_after_close_is_known_for_every_family(void **state)
{
	static const char *const pairs[][2] = {
		{"s=socket 6 stream; bind s ::1 0; listen s 5", "c=socket 6 stream; connect c ::1 @s; a=accept s"},
		{"s=socket 6 stream; bind s :: 0; listen s 5", "c=socket 4 stream; connect c 127.0.0.1 @s; a=accept s"},
		{"s=socket 4 stream; bind s 127.0.0.1 0; listen s 5",
		 "c=socket 6 stream; connect c ::ffff:127.0.0.1 @s; a=accept s"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct run_process *script = start();
		struct run_result result;

		script_say(script, pairs[i][0]);
		script_say(script, pairs[i][1]);
		/* Once each side, so that each family is the one that closes. */
		script_say(script, i == 1 ? "close a" : "close c");
		assert_call("close", i == 1 ? SCRIPT_A_CONN : SCRIPT_C_CONN, "ESTABLISHED", CLOSING_UP);
		result = run_finish(script);
		run_assert_exit(&result, 0);
		assert_int_equal(unlink(script_log()), 0);
	}
}

/* In the child: no netlink socket from now on, as in many containers. */
static void refuse_netlink(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 13 /* EACCES */),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(filter), .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(126);
}

static void state_after_close_is_worked_out_where_netlink_is_refused(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				.options = script_options(NULL),
				.in_child = refuse_netlink};
	struct run_result result;
	struct log log;
	json_object *closed;

	(void)state;
	spec.input = SCRIPT_PAIR "close c; recv a 9; close a; close s\n";
	result = run(&spec);
	run_assert_exit(&result, 0);
	log = log_read(script_log());
	closed = log_first(&log, &(const struct log_match){.call = "close", .conn = SCRIPT_C_CONN});
	log_assert_text(closed, "state_source", "inferred");
	log_assert_text(closed, "state_before", "ESTABLISHED");
	assert_memory_equal(log_text(closed, "state"), "FIN_WAIT_", 9);
	closed = log_first(&log, &(const struct log_match){.call = "close", .conn = SCRIPT_A_CONN});
	log_assert_text(closed, "state_source", "inferred");
	log_assert_text(closed, "state", "LAST_ACK");
	log_assert_no_fault(&log);
	spec.options = memory_text("log=%s", file_temp("log.txt"));
	result = run(&spec);
	assert_non_null(strstr(file_read(file_temp("log.txt"), NULL), "CLOSE_WAIT -> ~LAST_ACK |"));
}

int main(void)
{
	const struct CMUnitTest states[] = {
		TEST(new_socket_is_closed_until_it_listens),
		TEST(connected_and_accepted_sockets_are_established),
		TEST(unanswered_connect_is_in_syn_sent),
		TEST(simultaneous_open_without_answer_is_in_syn_recv),
		TEST(active_close_without_answer_is_in_fin_wait_1),
		TEST(active_close_that_is_acknowledged_is_in_fin_wait_2),
		TEST(half_close_is_in_fin_wait_2_and_still_reads),
		TEST(passive_side_that_reads_the_end_of_file_is_in_close_wait),
		TEST(data_read_behind_the_peers_fin_is_in_close_wait),
		TEST(simultaneous_close_without_answer_is_in_closing),
		TEST(passive_close_without_answer_is_in_last_ack),
		TEST(side_that_closed_first_ends_in_time_wait),
		TEST(half_closed_side_is_in_time_wait_before_its_close),
		TEST(reset_leads_to_closed),
		TEST(state_after_close_is_known_for_every_family),
		TEST(state_after_close_is_worked_out_where_netlink_is_refused),
	};

	return cmocka_run_group_tests_name("states", states, NULL, NULL);
}
