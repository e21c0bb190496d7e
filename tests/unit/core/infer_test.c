/*
 * Tests of shim/core/infer.h: for each call, and each result that matters, where it leads from
 * each of the eleven states (RFC 9293, 3.3.2).
 */
#include "../../../shim/core/infer.h"
#include "replay.h"

#define STATES 11

/* The columns of the table, and what its cells are called. */
static const enum spy_state from_states[STATES] = {
	SPY_STATE_CLOSED,      SPY_STATE_LISTEN,     SPY_STATE_SYN_SENT,   SPY_STATE_SYN_RECV,
	SPY_STATE_ESTABLISHED, SPY_STATE_FIN_WAIT_1, SPY_STATE_FIN_WAIT_2, SPY_STATE_CLOSE_WAIT,
	SPY_STATE_CLOSING,     SPY_STATE_LAST_ACK,   SPY_STATE_TIME_WAIT,
};

enum cell {
	NO = SPY_STATE_UNKNOWN, /* not asked: the call cannot have that result in that state */
	CD = SPY_STATE_CLOSED,
	LN = SPY_STATE_LISTEN,
	SS = SPY_STATE_SYN_SENT,
	SR = SPY_STATE_SYN_RECV,
	ES = SPY_STATE_ESTABLISHED,
	F1 = SPY_STATE_FIN_WAIT_1,
	F2 = SPY_STATE_FIN_WAIT_2,
	CW = SPY_STATE_CLOSE_WAIT,
	CG = SPY_STATE_CLOSING,
	LA = SPY_STATE_LAST_ACK,
	TW = SPY_STATE_TIME_WAIT
};

struct row {
	const char *what;
	enum spy_op op;
	int64_t rc; /* result, or -errno */
	int64_t how; /* shutdown's */
	int64_t unread_bytes; /* close's */
	uint32_t flags; /* of the record */
	bool not_last; /* close() of a dup */
	enum cell to[STATES];
};

#define STAYS                                                                                                          \
	{                                                                                                              \
		CD, LN, SS, SR, ES, F1, F2, CW, CG, LA, TW                                                             \
	}

/* clang-format off */
static const struct row rows[] = {
	/*                                                         CD  LN  SS  SR  ES  F1  F2  CW  CG  LA  TW */
	{ "connect() = 0", SPY_OP_CONNECT, 0,		    .to = { ES, NO, ES, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "connect(): EISCONN", SPY_OP_CONNECT, -EISCONN,   .to = { NO, NO, ES, NO, ES, NO, NO, NO, NO, NO, NO } },
	{ "connect(): EINPROGRESS", SPY_OP_CONNECT, -EINPROGRESS,
							    .to = { SS, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "connect(): EALREADY", SPY_OP_CONNECT, -EALREADY, .to = { NO, NO, SS, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "connect(): EINTR", SPY_OP_CONNECT, -EINTR,	    .to = { SS, NO, SS, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "connect(): ECONNREFUSED", SPY_OP_CONNECT, -ECONNREFUSED,
							    .to = { CD, NO, CD, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "connect(): ETIMEDOUT", SPY_OP_CONNECT, -ETIMEDOUT,
							    .to = { CD, NO, CD, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "connect(): EBADF", SPY_OP_CONNECT, -EBADF, .to = STAYS },
	{ "listen() = 0", SPY_OP_LISTEN, 0,		    .to = { LN, LN, NO, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "listen(): EADDRINUSE", SPY_OP_LISTEN, -EADDRINUSE, .to = STAYS },
	{ "accept() = 0", SPY_OP_ACCEPT, 0,		    .to = { ES, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "accept() = 8", SPY_OP_ACCEPT, 8,		    .to = { ES, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO } },
	{ "accept(): EMFILE", SPY_OP_ACCEPT, -EMFILE, .to = STAYS },
	{ "recv() = 12", SPY_OP_READ, 12, .to = STAYS },
	{ "recv() = 0", SPY_OP_READ, 0,			    .to = { CD, LN, SS, CW, CW, CG, TW, CW, CG, LA, TW } },
	{ "recv() = 0 after shutdown(SHUT_RD)", SPY_OP_READ, 0, .flags = SPY_CONN_SHUT_RD, .to = STAYS },
	{ "recv(): EAGAIN", SPY_OP_READ, -EAGAIN, .to = STAYS },
	{ "recv(): ECONNRESET", SPY_OP_READ, -ECONNRESET,   .to = { CD, CD, CD, CD, CD, CD, CD, CD, CD, CD, CD } },
	{ "send() = 12", SPY_OP_WRITE, 12, .to = STAYS },
	{ "send() = 0", SPY_OP_WRITE, 0, .to = STAYS },
	{ "send(): EAGAIN", SPY_OP_WRITE, -EAGAIN, .to = STAYS },
	{ "send(): ECONNRESET", SPY_OP_WRITE, -ECONNRESET,  .to = { CD, CD, CD, CD, CD, CD, CD, CD, CD, CD, CD } },
	{ "shutdown(SHUT_WR)", SPY_OP_SHUTDOWN, 0, .how = SHUT_WR,
							    .to = { CD, NO, CD, F1, F1, F1, F2, LA, CG, LA, TW } },
	{ "shutdown(SHUT_RDWR)", SPY_OP_SHUTDOWN, 0, .how = SHUT_RDWR,
							    .to = { CD, CD, CD, F1, F1, F1, F2, LA, CG, LA, TW } },
	{ "shutdown(SHUT_RD)", SPY_OP_SHUTDOWN, 0, .how = SHUT_RD,
							    .to = { CD, NO, NO, SR, ES, F1, F2, CW, CG, LA, TW } },
	{ "shutdown(SHUT_WR): ENOTCONN", SPY_OP_SHUTDOWN, -ENOTCONN, .how = SHUT_WR, .to = STAYS },
	{ "close()", SPY_OP_CLOSE, 0,			    .to = { CD, CD, CD, F1, F1, F1, F2, LA, CG, LA, TW } },
	{ "close(): EINTR", SPY_OP_CLOSE, -EINTR,	    .to = { CD, CD, CD, F1, F1, F1, F2, LA, CG, LA, TW } },
	{ "close(), unread bytes not known", SPY_OP_CLOSE, 0, .unread_bytes = SPY_UNKNOWN,
							    .to = { CD, CD, CD, F1, F1, F1, F2, LA, CG, LA, TW } },
	{ "close() with a byte unread", SPY_OP_CLOSE, 0, .unread_bytes = 1,
							    .to = { CD, CD, CD, CD, CD, CD, CD, CD, CD, CD, NO } },
	{ "close() with SO_LINGER at 0 s", SPY_OP_CLOSE, 0, .flags = SPY_CONN_LINGER_0,
							    .to = { CD, CD, CD, CD, CD, CD, CD, CD, CD, CD, NO } },
	{ "close() of a dup", SPY_OP_CLOSE, 0, .not_last = true, .to = STAYS },
	{ "close() of a dup with bytes unread", SPY_OP_CLOSE, 0, .unread_bytes = 9, .not_last = true, .to = STAYS },
	{ "close() of a dup with SO_LINGER at 0 s", SPY_OP_CLOSE, 0, .flags = SPY_CONN_LINGER_0, .not_last = true,
	  .to = STAYS },
	{ "nothing", SPY_OP_NONE, 0, .to = STAYS },
	{ "socket()", SPY_OP_OPEN, 0, .to = STAYS },
	{ "setsockopt()", SPY_OP_CONFIGURE, 0, .to = STAYS },
	{ "bind()", SPY_OP_BIND, 0, .to = STAYS },
	{ "getpeername()", SPY_OP_NAME, 0, .to = STAYS },
	{ "dup()", SPY_OP_DUP, 8, .to = STAYS },
	{ "exec()", SPY_OP_EXEC, 0, .to = STAYS },
	{ "a look", SPY_OP_TICK, 0, .to = STAYS },
	{ "the program's end", SPY_OP_EXIT, 0, .to = STAYS },
};
/* clang-format on */

static enum spy_state infer(const struct row *row, enum spy_state from)
{
	struct spy_conn conn = {.state = (uint8_t)from, .flags = row->flags};
	struct spy_event ev = {
		.op = row->op,
		.ret = row->rc < 0 ? -1 : row->rc,
		.err = row->rc < 0 ? (int)-row->rc : 0,
		.arg = {row->how, SPY_UNKNOWN, SPY_UNKNOWN},
		.target = REPLAY_PEER,
		.unread_bytes = row->unread_bytes,
		.last_descriptor = !row->not_last,
		.observed_eof = row->op == SPY_OP_READ && row->rc == 0,
	};

	return spy_infer_state(&ev, &conn);
}

static void each_call_leads_where_the_state_diagram_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t column = 0; column < STATES; column++) {
			enum spy_state from = from_states[column], to;

			if (rows[i].to[column] == NO)
				continue;
			to = infer(&rows[i], from);
			if ((enum cell)to != rows[i].to[column])
				fail_msg("%s in %s: %s instead of %s", rows[i].what, spy_state_name(from),
					 spy_state_name(to), spy_state_name(rows[i].to[column]));
		}
	}
}

static void every_operation_is_in_the_table(void **state)
{
	(void)state;
	for (unsigned int op = 0; op <= SPY_OP_EXIT; op++) {
		size_t i = 0;

		while (i < COUNT(rows) && rows[i].op != op)
			i++;
		if (i == COUNT(rows))
			fail_msg("no row for operation %u", op);
	}
}

/* What a later look may see of a connection that was in the row's state; the rest is another connection's. */
static void no_connection_goes_back(void **state)
{
	/* clang-format off */
	static const char *const later[STATES] = {
		/*		     CD LN SS SR ES F1 F2 CW CG LA TW */
		/* CLOSED */	  "  1  1  1  1  1  1  1  1  1  1  1",
		/* LISTEN */	  "  1  1  0  0  0  0  0  0  0  0  0",
		/* SYN_SENT */	  "  1  0  1  1  1  1  1  1  1  1  1",
		/* SYN_RECV */	  "  1  0  1  1  1  1  1  1  1  1  1",
		/* ESTABLISHED */ "  1  0  0  0  1  1  1  1  1  1  1",
		/* FIN_WAIT_1 */  "  1  0  0  0  0  1  1  0  1  1  1",
		/* FIN_WAIT_2 */  "  1  0  0  0  0  1  1  0  1  1  1",
		/* CLOSE_WAIT */  "  1  0  0  0  0  0  0  1  1  1  1",
		/* CLOSING */	  "  1  0  0  0  0  0  0  0  1  1  1",
		/* LAST_ACK */	  "  1  0  0  0  0  0  0  0  1  1  1",
		/* TIME_WAIT */	  "  1  0  0  0  0  0  0  0  1  1  1",
	};
	/* clang-format on */

	(void)state;
	for (size_t from = 0; from < STATES; from++) {
		for (size_t to = 0; to < STATES; to++) {
			struct spy_conn conn = {.state = (uint8_t)from_states[from], .source = SPY_SOURCE_KERNEL};
			struct spy_event ev = {.op = SPY_OP_READ, .state = from_states[to]};

			if (spy_infer_is_another(&ev, &conn) != (later[from][to * 3 + 2] == '0'))
				fail_msg("%s after %s", spy_state_name(from_states[to]),
					 spy_state_name(from_states[from]));
		}
	}
}

static void socket_that_connects_again_or_was_worked_out_is_not_another(void **state)
{
	struct spy_conn conn = {.state = SPY_STATE_CLOSE_WAIT, .source = SPY_SOURCE_KERNEL};
	struct spy_event ev = {.op = SPY_OP_CONNECT, .state = SPY_STATE_ESTABLISHED};

	(void)state;
	assert_false(spy_infer_is_another(&ev, &conn));
	ev.op = SPY_OP_WRITE;
	assert_true(spy_infer_is_another(&ev, &conn));
	conn.source = SPY_SOURCE_INFERRED;
	assert_false(spy_infer_is_another(&ev, &conn));
	conn.source = SPY_SOURCE_KERNEL;
	ev.state = SPY_STATE_UNKNOWN;
	assert_false(spy_infer_is_another(&ev, &conn));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_leads_where_the_state_diagram_says),
		cmocka_unit_test(no_connection_goes_back),
		cmocka_unit_test(socket_that_connects_again_or_was_worked_out_is_not_another),
		cmocka_unit_test(every_operation_is_in_the_table),
		replay_test(connect_to_af_unspec_closes),
		replay_test(eisconn_leaves_close_wait),
		replay_test(eisconn_leaves_a_listener),
		replay_test(shutdown_of_a_listener_s_reading_side_closes_it),
	};

	return cmocka_run_group_tests_name("infer", tests, NULL, NULL);
}
