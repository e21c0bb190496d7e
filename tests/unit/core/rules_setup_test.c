/*
 * Tests of the rules about how sockets are set up, and about what runs out: bind(), listen(),
 * connect(), accept(), SO_LINGER. Each with the correct way to do the same, on which it is silent.
 */
#include <netinet/in.h>

#include "../../../shim/spell/buf.h"
#include "replay.h"

#define REUSEADDR SPY_OPT_REUSEADDR
#define REUSEPORT SPY_OPT_REUSEPORT
#define SPIN	  10

static void listen_without_reuseaddr_is_reported_on_a_fixed_port(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	replay_only(replay, SPY_RULE_missing_reuseaddr);
	replay_socket(replay, 3);
	replay_bind(replay, 3, 5197, 0);
	assert_silent(replay, missing_reuseaddr);
	replay_listen(replay, 3, 0);
	assert_reports(replay, missing_reuseaddr);
	finding = replay_finding(replay, SPY_RULE_missing_reuseaddr);
	assert_int_equal(finding->severity, SPY_WARNING);
	assert_string_equal(finding->call, "listen");
	assert_int_equal(finding->local.port, 5197);
	assert_null(finding->cause);
}

static void listen_is_fine_with_reuseaddr_before_bind_or_on_any_port(void **state)
{
	struct replay *replay = *state;

	replay_only(replay, SPY_RULE_missing_reuseaddr);
	replay_socket(replay, 3);
	replay_bind(replay, 3, 5197, REUSEADDR);
	replay_listen(replay, 3, REUSEADDR);
	replay_socket(replay, 4);
	replay_bind(replay, 4, 0, 0);
	replay_listen(replay, 4, 0);
	replay_socket(replay, 5);
	replay_listen(replay, 5, 0);
	assert_counted(replay, missing_reuseaddr, 0);
}

static void a_listen_or_bind_that_failed_for_other_reasons_says_nothing_of_reuseaddr(void **state)
{
	struct replay *replay = *state;
	struct spy_event ev;

	replay_only(replay, SPY_RULE_missing_reuseaddr);
	replay_socket(replay, 3);
	replay_bind(replay, 3, 5197, 0);
	replay_call(replay, SPY_CALL_listen, 3, -EADDRINUSE, SPY_STATE_CLOSED);
	ev = replay_event(replay, SPY_CALL_bind, 3);
	ev.target = REPLAY_LOCAL;
	replay_result(&ev, -EACCES);
	replay_observe(replay, &ev, replay_conn(replay, 3));
	replay_result(&ev, -EADDRINUSE);
	ev.target.port = 0;
	replay_observe(replay, &ev, replay_conn(replay, 3));
	assert_counted(replay, missing_reuseaddr, 0);
}

/* bind() to port 5197 fails with EADDRINUSE, and these hold it. */
static const struct spy_finding *refused_bind(struct replay *replay, const struct spy_port_holders *holders)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_bind, 3);

	replay_only(replay, SPY_RULE_missing_reuseaddr);
	replay->stack++;
	ev.stack = replay->stack;
	replay_socket(replay, 3);
	replay_result(&ev, -EADDRINUSE);
	ev.target = REPLAY_LOCAL;
	ev.holders = *holders;
	replay_observe(replay, &ev, replay_conn(replay, 3));
	return replay_finding(replay, SPY_RULE_missing_reuseaddr);
}

static void a_refused_bind_tells_who_holds_the_port(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	finding = refused_bind(replay, &(struct spy_port_holders){.time_wait = 2, .time_wait_age_ms = 1500});
	assert_int_equal(finding->severity, SPY_ERROR);
	assert_int_equal(finding->local.port, 5197);
	assert_string_equal(finding->cause, "time-wait");
	assert_int_equal(replay_evidence(finding, "time_wait"), 2);
	assert_int_equal(replay_evidence(finding, "time_wait_age_ms"), 1500);

	finding = refused_bind(replay, &(struct spy_port_holders){.time_wait = 2, .connections = 1, .listeners = 1});
	assert_string_equal(finding->cause, "listener");
	assert_int_equal(replay_evidence(finding, "listener_pid"), 0);

	finding = refused_bind(replay, &(struct spy_port_holders){.connections = 4});
	assert_string_equal(finding->cause, "connections");
	assert_int_equal(replay_evidence(finding, "connections"), 4);

	finding = refused_bind(replay, &(struct spy_port_holders){.time_wait = 0});
	assert_int_equal(finding->severity, SPY_ERROR);
	assert_null(finding->cause);
}

static void a_refused_bind_names_the_listener(void **state)
{
	const struct spy_port_holders holders = {.listeners = 1, .listener = {.pid = 4711, .name = "nginx"}};
	const struct spy_finding *finding = refused_bind(*state, &holders);
	char text[256];
	struct spy_buf buf = SPY_BUF(text);

	assert_int_equal(replay_evidence(finding, "listener_pid"), 4711);
	spy_message_expand(finding->message, finding, &buf);
	assert_string_equal(spy_buf_cstr(&buf),
			    "bind() to 127.0.0.1:5197 failed with EADDRINUSE: pid 4711 (nginx) listens on it");
}

static void reuseaddr_after_bind_is_reported_once_and_in_one_place(void **state)
{
	struct replay *replay = *state;

	replay_socket(replay, 3);
	replay_bind(replay, 3, 5197, 0);
	replay_setsockopt(replay, 3, SO_KEEPALIVE, 1);
	assert_silent(replay, reuseaddr_too_late);
	replay_setsockopt(replay, 3, SO_REUSEADDR, 1);
	assert_reports(replay, reuseaddr_too_late);
	replay_setsockopt(replay, 3, SO_REUSEADDR, 1);
	replay_listen(replay, 3, REUSEADDR);
	assert_counted(replay, reuseaddr_too_late, 1);
	assert_counted(replay, missing_reuseaddr, 0);
}

static void reuseaddr_on_any_port_is_too_late_after_bind(void **state)
{
	struct replay *replay = *state;

	replay_socket(replay, 3);
	replay_bind(replay, 3, 0, 0);
	replay_setsockopt(replay, 3, SO_REUSEADDR, 1);
	assert_reports(replay, reuseaddr_too_late);
}

static void reuseaddr_in_time_or_off_or_without_bind_is_not_too_late(void **state)
{
	struct replay *replay = *state;
	struct spy_event ev;

	replay_only(replay, SPY_RULE_reuseaddr_too_late);
	replay_socket(replay, 3);
	replay_setsockopt(replay, 3, SO_REUSEADDR, 1);
	replay_bind(replay, 3, 5197, REUSEADDR);
	replay_setsockopt(replay, 3, SO_REUSEADDR, 1);
	replay_socket(replay, 4);
	replay_bind(replay, 4, 5197, 0);
	replay_setsockopt(replay, 4, SO_REUSEADDR, 0);
	replay_setsockopt(replay, 4, SO_REUSEADDR, SPY_UNKNOWN);
	ev = replay_event(replay, SPY_CALL_setsockopt, 4);
	memcpy(ev.arg, (int64_t[]){IPPROTO_TCP, SO_REUSEADDR, 1}, sizeof(ev.arg));
	replay_observe(replay, &ev, replay_conn(replay, 4));
	ev.arg[0] = SOL_SOCKET;
	replay_result(&ev, -EPERM);
	replay_observe(replay, &ev, replay_conn(replay, 4));
	replay_socket(replay, 5);
	replay_setsockopt(replay, 5, SO_REUSEADDR, 1);
	assert_counted(replay, reuseaddr_too_late, 0);
}

static void reuseport_instead_of_reuseaddr_is_reported_where_it_listens(void **state)
{
	struct replay *replay = *state;

	replay_socket(replay, 3);
	replay_bind(replay, 3, 5197, REUSEPORT);
	replay_listen(replay, 3, REUSEPORT);
	assert_reports(replay, reuseport_instead);
	assert_counted(replay, missing_reuseaddr, 0);
	replay_listen(replay, 3, REUSEPORT);
	assert_counted(replay, reuseport_instead, 1);
}

static void reuseport_with_reuseaddr_or_without_listen_is_meant(void **state)
{
	struct replay *replay = *state;

	replay_only(replay, SPY_RULE_reuseport_instead);
	replay_socket(replay, 3);
	replay_bind(replay, 3, 5197, REUSEADDR | REUSEPORT);
	replay_listen(replay, 3, REUSEADDR | REUSEPORT);
	replay_socket(replay, 4);
	replay_bind(replay, 4, 5197, REUSEADDR);
	replay_listen(replay, 4, REUSEADDR);
	replay_socket(replay, 5);
	replay_bind(replay, 5, 5197, REUSEPORT);
	replay_connect(replay, 5, 0, SPY_STATE_ESTABLISHED);
	assert_counted(replay, reuseport_instead, 0);
}

static void connect_on_a_socket_whose_connect_failed_is_reported(void **state)
{
	struct replay *replay = *state;

	replay_only(replay, SPY_RULE_connect_retry);
	replay_socket(replay, 7);
	replay_connect(replay, 7, -ECONNREFUSED, SPY_STATE_CLOSED);
	assert_silent(replay, connect_retry);
	replay_connect(replay, 7, -ECONNREFUSED, SPY_STATE_CLOSED);
	assert_reports(replay, connect_retry);
	replay_connect(replay, 7, 0, SPY_STATE_ESTABLISHED);
	assert_counted(replay, connect_retry, 1);
}

/* getsockopt(SO_ERROR), by which the failure of a connect() in the background is told. */
static void ask_so_error(struct replay *replay, int err)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_getsockopt, 7);

	ev.arg[0] = SOL_SOCKET;
	ev.arg[1] = SO_ERROR;
	ev.arg[2] = err;
	ev.state = SPY_STATE_CLOSED;
	replay_observe(replay, &ev, replay_conn(replay, 7));
}

static void a_failure_that_so_error_tells_counts_for_connect_retry(void **state)
{
	struct replay *replay = *state;

	replay_only(replay, SPY_RULE_connect_retry);
	replay_tick(replay, replay_connected(replay, 7), SPY_STATE_CLOSED);
	ask_so_error(replay, ECONNRESET);
	replay_connect(replay, 7, -EISCONN, SPY_STATE_CLOSED);
	assert_counted(replay, connect_retry, 0);
	replay_socket(replay, 7);
	replay_connect(replay, 7, -EINPROGRESS, SPY_STATE_SYN_SENT);
	ask_so_error(replay, ECONNREFUSED);
	replay_connect(replay, 7, -EINPROGRESS, SPY_STATE_SYN_SENT);
	assert_reports(replay, connect_retry);
}

static void asking_connect_again_until_it_is_done_is_no_retry(void **state)
{
	struct replay *replay = *state;

	replay_only(replay, SPY_RULE_connect_retry);
	replay_socket(replay, 7);
	replay_connect(replay, 7, -EINPROGRESS, SPY_STATE_SYN_SENT);
	replay_connect(replay, 7, -EALREADY, SPY_STATE_SYN_SENT);
	replay_connect(replay, 7, 0, SPY_STATE_ESTABLISHED);
	replay_connect(replay, 7, -EISCONN, SPY_STATE_ESTABLISHED);
	replay_connect(replay, 7, -EISCONN, SPY_STATE_ESTABLISHED);
	replay_socket(replay, 8);
	replay_connect(replay, 8, -EINTR, SPY_STATE_SYN_SENT);
	replay_connect(replay, 8, -EISCONN, SPY_STATE_ESTABLISHED);
	assert_counted(replay, connect_retry, 0);
}

static const struct spy_finding *no_address_left(struct replay *replay, const struct spy_port_holders *holders)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_connect, 7);

	replay_only(replay, SPY_RULE_ports_exhausted);
	replay_socket(replay, 7);
	replay_result(&ev, -EADDRNOTAVAIL);
	ev.target = REPLAY_PEER;
	ev.holders = *holders;
	replay_observe(replay, &ev, replay_conn(replay, 7));
	return replay_finding(replay, SPY_RULE_ports_exhausted);
}

static void connect_without_a_port_left_tells_where_they_are(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	finding = no_address_left(replay, &(struct spy_port_holders){.time_wait = 28000, .connections = 3});
	assert_non_null(finding);
	assert_int_equal(finding->peer.port, 41822);
	assert_int_equal(replay_evidence(finding, "time_wait"), 28000);
	assert_int_equal(replay_evidence(finding, "connections"), 3);
	replay->stack++;
	assert_non_null(no_address_left(replay, &(struct spy_port_holders){.connections = 1}));
}

static void an_address_that_is_not_there_is_no_want_of_ports(void **state)
{
	struct replay *replay = *state;

	assert_null(no_address_left(replay, &(struct spy_port_holders){.time_wait = 0}));
	replay_connect(replay, 7, -EADDRINUSE, SPY_STATE_CLOSED);
	assert_counted(replay, ports_exhausted, 0);
}

static void fail_accept(struct replay *replay, int err)
{
	replay_call(replay, SPY_CALL_accept, 3, -err, SPY_STATE_LISTEN);
}

static void listening(struct replay *replay)
{
	replay_socket(replay, 3);
	replay_bind(replay, 3, 5197, REUSEADDR);
	replay_listen(replay, 3, REUSEADDR);
}

static void accept_that_fails_over_and_over_spins(void **state)
{
	struct replay *replay = *state;
	const struct spy_finding *finding;

	replay_only(replay, SPY_RULE_accept_spin);
	listening(replay);
	for (int i = 1; i < SPIN; i++)
		fail_accept(replay, EMFILE);
	assert_counted(replay, accept_spin, 0);
	fail_accept(replay, EMFILE);
	finding = replay_finding(replay, SPY_RULE_accept_spin);
	assert_non_null(finding);
	assert_int_equal(replay_evidence(finding, "failed_accepts"), SPIN);
	fail_accept(replay, EMFILE);
	assert_counted(replay, accept_spin, 1);
}

static void accept_that_waits_or_makes_room_in_between_does_not_spin(void **state)
{
	struct replay *replay = *state;

	replay_only(replay, SPY_RULE_accept_spin);
	listening(replay);
	for (int i = 0; i < 3 * SPIN; i++)
		fail_accept(replay, EAGAIN);
	for (int i = 0; i < 3 * SPIN; i++) {
		fail_accept(replay, EMFILE);
		replay->core->closes++;
	}
	for (int i = 0; i < 3 * SPIN; i++)
		fail_accept(replay, i % 2 ? ENOBUFS : ENFILE);
	assert_counted(replay, accept_spin, 0);
}

static void close_with_linger_0_is_noted_where_it_resets(void **state)
{
	struct replay *replay = *state;

	replay_accepted(replay, 7);
	replay_setsockopt(replay, 7, SO_LINGER, 0);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	assert_reports(replay, abortive_close);
	assert_int_equal(replay_finding(replay, SPY_RULE_abortive_close)->severity, SPY_NOTE);
	replay_accepted(replay, 7);
	replay_setsockopt(replay, 7, SO_LINGER, 0);
	replay_setsockopt(replay, 7, SO_LINGER, -1);
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	replay_accepted(replay, 7);
	replay_setsockopt(replay, 7, SO_LINGER, 5);
	replay_close(replay, 7, SPY_STATE_FIN_WAIT_1);
	replay_socket(replay, 7);
	replay_setsockopt(replay, 7, SO_LINGER, 0);
	replay_close(replay, 7, SPY_STATE_CLOSED);
	assert_counted(replay, abortive_close, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		replay_test(listen_without_reuseaddr_is_reported_on_a_fixed_port),
		replay_test(listen_is_fine_with_reuseaddr_before_bind_or_on_any_port),
		replay_test(a_listen_or_bind_that_failed_for_other_reasons_says_nothing_of_reuseaddr),
		replay_test(a_refused_bind_tells_who_holds_the_port),
		replay_test(a_refused_bind_names_the_listener),
		replay_test(reuseaddr_after_bind_is_reported_once_and_in_one_place),
		replay_test(reuseaddr_on_any_port_is_too_late_after_bind),
		replay_test(reuseaddr_in_time_or_off_or_without_bind_is_not_too_late),
		replay_test(reuseport_instead_of_reuseaddr_is_reported_where_it_listens),
		replay_test(reuseport_with_reuseaddr_or_without_listen_is_meant),
		replay_test(connect_on_a_socket_whose_connect_failed_is_reported),
		replay_test(a_failure_that_so_error_tells_counts_for_connect_retry),
		replay_test(asking_connect_again_until_it_is_done_is_no_retry),
		replay_test(connect_without_a_port_left_tells_where_they_are),
		replay_test(an_address_that_is_not_there_is_no_want_of_ports),
		replay_test(accept_that_fails_over_and_over_spins),
		replay_test(accept_that_waits_or_makes_room_in_between_does_not_spin),
		replay_test(close_with_linger_0_is_noted_where_it_resets),
	};

	return cmocka_run_group_tests_name("rules_setup", tests, NULL, NULL);
}
