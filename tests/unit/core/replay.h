/*
 * Replays the life of sockets into a core of its own: no socket is opened and no clock is read.
 * A replayed call has the facts that the shim would have asked the kernel for, all of them
 * unknown unless a test says otherwise.
 *
 * Used by the tests of shim/core/; the state of each test is a struct replay.
 */
#ifndef TESTS_UNIT_REPLAY_H
#define TESTS_UNIT_REPLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../../../shim/core/core.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define REPLAY_MS	     UINT64_C(1000000)
#define REPLAY_START_NS	     (UINT64_C(1000000) * REPLAY_MS)
#define REPLAY_CLOSE_WAIT_MS 5000u
#define REPLAY_FIN_WAIT_MS   30000u
#define REPLAY_BLOCKS	     4096

#define REPLAY_LOCAL ((struct spy_addr){.ip = {127, 0, 0, 1}, .port = 5197, .family = AF_INET})
#define REPLAY_PEER  ((struct spy_addr){.ip = {127, 0, 0, 1}, .port = 41822, .family = AF_INET})

struct replay {
	struct spy_core *core;
	struct spy_outbox out; /* what the last event brought */
	struct spy_event last; /* the last event, as the core completed it */
	uint64_t now_ns;
	uint32_t stack; /* of every event until a test changes it */
	uint32_t tid; /* the same */
};

/* The core never gives memory back, so that the end of a test has to. */
static void *replay_blocks[REPLAY_BLOCKS];
static size_t replay_block_count;
static size_t replay_memory_left = SIZE_MAX; /* requests that are still granted */

static inline void *replay_memory(size_t size)
{
	if (replay_memory_left == 0 || replay_block_count == REPLAY_BLOCKS)
		return NULL;
	replay_memory_left--;
	replay_blocks[replay_block_count] = calloc(1, size);
	return replay_blocks[replay_block_count++];
}

static inline void replay_memory_free(void)
{
	while (replay_block_count)
		free(replay_blocks[--replay_block_count]);
	replay_memory_left = SIZE_MAX;
}

static inline int replay_setup(void **state)
{
	struct spy_core_settings settings = {
		.close_wait_ns = REPLAY_CLOSE_WAIT_MS * REPLAY_MS,
		.fin_wait_ns = REPLAY_FIN_WAIT_MS * REPLAY_MS,
	};
	struct replay *replay = calloc(1, sizeof(*replay));

	for (unsigned int rule = 0; rule < SPY_RULE_COUNT; rule++)
		settings.rule_on[rule] = true;
	replay->core = calloc(1, sizeof(*replay->core));
	replay->now_ns = REPLAY_START_NS;
	replay->stack = 1;
	replay->tid = 4712;
	spy_core_init(replay->core, &settings, replay_memory);
	*state = replay;
	return 0;
}

static inline int replay_teardown(void **state)
{
	struct replay *replay = *state;

	free(replay->core);
	free(replay);
	replay_memory_free();
	return 0;
}

#define replay_test(function) cmocka_unit_test_setup_teardown(function, replay_setup, replay_teardown)

/* Only this rule is on, so that what a test counts is its own. */
static inline void replay_only(struct replay *replay, enum spy_rule rule)
{
	for (unsigned int i = 0; i < SPY_RULE_COUNT; i++)
		replay->core->settings.rule_on[i] = i == rule;
}

static inline void replay_wait_ms(struct replay *replay, uint64_t ms)
{
	replay->now_ns += ms * REPLAY_MS;
}

static inline struct spy_conn *replay_conn(struct replay *replay, int fd)
{
	uint32_t slot = spy_table_slot(&replay->core->table, fd);

	assert_int_not_equal(slot, 0);
	return spy_table_conn(&replay->core->table, slot);
}

/* A successful call now, of which the kernel told nothing. */
static inline struct spy_event replay_event(const struct replay *replay, enum spy_call_id call, int fd)
{
	return (struct spy_event){
		.call = call,
		.op = spy_calls[call].op,
		.fd = fd,
		.arg = {SPY_UNKNOWN, SPY_UNKNOWN, SPY_UNKNOWN},
		.unread_bytes = SPY_UNKNOWN,
		.since_last_ack_ms = SPY_UNKNOWN,
		.since_last_sent_ms = SPY_UNKNOWN,
		.state_age_ms = SPY_UNKNOWN,
		.now_ns = replay->now_ns,
		.wall_ns = replay->now_ns,
		.tid = replay->tid,
		.stack = replay->stack,
	};
}

/* A call's result as in the kernel's interface: -errno, or what it returned. */
static inline void replay_result(struct spy_event *ev, int64_t rc)
{
	ev->ret = rc < 0 ? -1 : rc;
	ev->err = rc < 0 ? (int)-rc : 0;
}

static inline void replay_observe(struct replay *replay, const struct spy_event *ev, struct spy_conn *conn)
{
	replay->last = *ev;
	replay->out.count = 0;
	spy_core_observe(replay->core, &replay->last, conn, &replay->out);
}

/* What a hook notes of every call without the core's lock. */
static inline void replay_note_use(const struct replay *replay, enum spy_call_id call, struct spy_conn *conn)
{
	conn->last_call = call;
	conn->used_forks = replay->core->forks;
	if (spy_calls[call].op == SPY_OP_READ || spy_calls[call].op == SPY_OP_WRITE)
		conn->last_tid = replay->tid;
}

/* Any call on an open descriptor; state UNKNOWN leaves it to the core to work it out. */
static inline void replay_call(struct replay *replay, enum spy_call_id call, int fd, int64_t rc, enum spy_state state)
{
	struct spy_event ev = replay_event(replay, call, fd);

	replay_result(&ev, rc);
	ev.state = state;
	replay_note_use(replay, call, replay_conn(replay, fd));
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

/* The same with its first argument. */
static inline void replay_call1(struct replay *replay, enum spy_call_id call, int fd, int64_t arg, int64_t rc)
{
	struct spy_event ev = replay_event(replay, call, fd);

	replay_result(&ev, rc);
	ev.arg[0] = arg;
	replay_note_use(replay, call, replay_conn(replay, fd));
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

static inline struct spy_conn *replay_socket(struct replay *replay, int fd)
{
	struct spy_conn *conn = spy_core_open(replay->core, fd, replay->now_ns);

	replay_call(replay, SPY_CALL_socket, fd, fd, SPY_STATE_CLOSED);
	return conn;
}

static inline void replay_connect(struct replay *replay, int fd, int64_t rc, enum spy_state state)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_connect, fd);

	replay_result(&ev, rc);
	ev.state = state;
	ev.target = REPLAY_PEER;
	ev.local = REPLAY_LOCAL;
	ev.peer = REPLAY_PEER;
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

static inline struct spy_conn *replay_connected(struct replay *replay, int fd)
{
	struct spy_conn *conn = replay_socket(replay, fd);

	replay_connect(replay, fd, 0, SPY_STATE_ESTABLISHED);
	return conn;
}

static inline struct spy_conn *replay_accepted(struct replay *replay, int fd)
{
	struct spy_conn *conn = spy_core_open(replay->core, fd, replay->now_ns);
	struct spy_event ev = replay_event(replay, SPY_CALL_accept, 3);

	ev.ret = fd;
	ev.state = SPY_STATE_ESTABLISHED;
	ev.local = REPLAY_LOCAL;
	ev.peer = REPLAY_PEER;
	replay_observe(replay, &ev, conn);
	return conn;
}

static inline void replay_read(struct replay *replay, int fd, int64_t rc)
{
	replay_call1(replay, SPY_CALL_recv, fd, 128, rc);
}

/* A read that returned 0, in the state that the kernel tells. */
static inline void replay_eof(struct replay *replay, int fd, enum spy_state state)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_recv, fd);

	ev.arg[0] = 128;
	ev.observed_eof = true;
	ev.state = state;
	replay_note_use(replay, SPY_CALL_recv, replay_conn(replay, fd));
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

static inline void replay_write(struct replay *replay, int fd, int64_t rc)
{
	replay_call1(replay, SPY_CALL_send, fd, 5, rc);
}

/* The question before a write that may end the program. */
static inline void replay_before_write(struct replay *replay, int fd)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_send, fd);

	ev.before_call = true;
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

static inline void replay_shutdown(struct replay *replay, int fd, int how)
{
	replay_call1(replay, SPY_CALL_shutdown, fd, how, 0);
}

static inline void replay_setsockopt(struct replay *replay, int fd, int option, int64_t value)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_setsockopt, fd);

	ev.arg[0] = SOL_SOCKET;
	ev.arg[1] = option;
	ev.arg[2] = value;
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

/* bind() to a port of 127.0.0.1 with the options (enum spy_option_bits) that the socket had then. */
static inline void replay_bind(struct replay *replay, int fd, uint16_t port, uint8_t options)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_bind, fd);

	ev.target = REPLAY_LOCAL;
	ev.target.port = port;
	ev.local = ev.target;
	ev.options = SPY_OPT_ASKED | options;
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

static inline void replay_listen(struct replay *replay, int fd, uint8_t options)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_listen, fd);

	ev.options = SPY_OPT_ASKED | options;
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

/* The watcher's look, or the program's end, at conn, which is in this state. */
static inline void replay_look(struct replay *replay, struct spy_conn *conn, enum spy_op op, enum spy_state state)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_close, conn->fd);

	ev.op = op;
	ev.state = state;
	ev.stack = 0;
	replay_observe(replay, &ev, conn);
}

static inline void replay_tick(struct replay *replay, struct spy_conn *conn, enum spy_state state)
{
	replay_look(replay, conn, SPY_OP_TICK, state);
}

static inline void replay_exit(struct replay *replay, struct spy_conn *conn)
{
	replay_look(replay, conn, SPY_OP_EXIT, conn->state);
}

/* close(), in the two steps that the shim takes, with bytes left unread and the state that it led to. */
static inline void replay_close_unread(struct replay *replay, int fd, enum spy_state state, int64_t unread_bytes)
{
	struct spy_event ev = replay_event(replay, SPY_CALL_close, fd);
	struct spy_conn *conn = spy_table_detach(&replay->core->table, fd);

	assert_non_null(conn);
	spy_table_pin(conn);
	ev.unread_bytes = unread_bytes;
	ev.last_descriptor = conn->descriptors == 0;
	ev.state = state;
	replay_observe(replay, &ev, conn);
	spy_table_unpin(conn);
	if (ev.last_descriptor)
		spy_core_let_go(replay->core, conn, 0);
}

static inline void replay_close(struct replay *replay, int fd, enum spy_state state)
{
	replay_close_unread(replay, fd, state, 0);
}

/* A call on a descriptor that is closed: the slot is a tombstone and the kernel said EBADF. */
static inline void replay_after_close(struct replay *replay, enum spy_call_id call, int fd)
{
	struct spy_event ev = replay_event(replay, call, fd);

	replay_result(&ev, -EBADF);
	ev.was_closed = true;
	replay_observe(replay, &ev, replay_conn(replay, fd));
}

/* The contract's example: accepted connection #12 on descriptor 7, in CLOSE_WAIT since its end of file was read. */
static inline const struct spy_finding *replay_leak(struct replay *replay)
{
	struct spy_conn *conn;

	replay->core->table.next_id = 12;
	conn = replay_accepted(replay, 7);
	replay_eof(replay, 7, SPY_STATE_CLOSE_WAIT);
	replay_wait_ms(replay, REPLAY_CLOSE_WAIT_MS + 1);
	replay_tick(replay, conn, SPY_STATE_CLOSE_WAIT);
	assert_int_equal(replay->out.count, 1);
	return &replay->out.findings[0];
}

/* A call on descriptor 7 for a line of a log: it took 1 us and changed nothing. */
static inline struct spy_event replay_plain_call(enum spy_call_id call)
{
	return (struct spy_event){
		.call = call,
		.op = spy_calls[call].op,
		.fd = 7,
		.arg = {SPY_UNKNOWN, SPY_UNKNOWN, SPY_UNKNOWN},
		.state_before = SPY_STATE_ESTABLISHED,
		.state = SPY_STATE_ESTABLISHED,
		.source = SPY_SOURCE_KERNEL,
		.duration_ns = 1000,
	};
}

/* What the last event brought of a rule: the finding, NULL for none. */
static inline const struct spy_finding *replay_finding(const struct replay *replay, enum spy_rule rule)
{
	for (unsigned int i = 0; i < replay->out.count; i++)
		if (replay->out.findings[i].rule == rule)
			return &replay->out.findings[i];
	return NULL;
}

static inline uint64_t replay_counted(const struct replay *replay, enum spy_rule rule)
{
	return replay->core->by_rule[rule];
}

/* A number of a finding's evidence; fails where there is none of that name. */
static inline int64_t replay_evidence(const struct spy_finding *finding, const char *name)
{
	for (unsigned int i = 0; i < finding->evidence_count; i++)
		if (strcmp(finding->evidence[i].name, name) == 0)
			return finding->evidence[i].number;
	fail_msg("no evidence \"%s\"", name);
	return 0;
}

#define assert_reports(replay, rule_id)	       assert_non_null(replay_finding((replay), SPY_RULE_##rule_id))
#define assert_silent(replay, rule_id)	       assert_null(replay_finding((replay), SPY_RULE_##rule_id))
#define assert_counted(replay, rule_id, times) assert_int_equal(replay_counted((replay), SPY_RULE_##rule_id), (times))

#endif
