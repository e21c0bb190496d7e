/*
 * The core's one entrance: an event goes into the record, then to the rules. See core.h.
 */
#include "core.h"

#include <string.h>

#include "infer.h"
#include "notes.h"

void spy_core_init(struct spy_core *core, const struct spy_core_settings *settings, spy_memory_fn memory)
{
	core->settings = *settings;
	spy_table_init(&core->table, memory);
	spy_stacks_init(&core->stacks, memory);
	spy_rules_init(core);
}

/*
 * When the state began, as far as the kernel knows. CLOSE_WAIT began with the peer's FIN, which was
 * the last segment received as long as this side has sent nothing since (tcpi_last_ack_recv).
 */
static uint64_t state_began_ns(const struct spy_event *ev)
{
	int64_t age_ms = ev->state_age_ms;
	uint64_t age_ns;

	if (ev->state == SPY_STATE_CLOSE_WAIT && ev->since_last_sent_ms >= ev->since_last_ack_ms)
		age_ms = ev->since_last_ack_ms;
	if (age_ms <= 0)
		return ev->now_ns;
	age_ns = (uint64_t)age_ms * SPY_NS_PER_MS;
	return age_ns < ev->now_ns ? ev->now_ns - age_ns : 0;
}

static void move_state(struct spy_core *core, struct spy_event *ev, struct spy_conn *conn)
{
	ev->state_before = conn->state;
	ev->source = SPY_SOURCE_KERNEL;
	if (ev->state == SPY_STATE_UNKNOWN) {
		ev->state = spy_infer_state(ev, conn);
		ev->source = SPY_SOURCE_INFERRED;
	}
	conn->source = (uint8_t)ev->source;
	if (ev->state == conn->state)
		return;
	/* listen() may have been another process's call, which shares the socket. */
	if (ev->state == SPY_STATE_LISTEN)
		conn->flags |= SPY_CONN_LISTENER;
	ev->dwell_ns = spy_ledger_move(&core->ledger, conn, ev->state, state_began_ns(ev));
}

/* A healthy established connection: its reads and writes need no rule, and so no lock. */
static bool is_plain(const struct spy_conn *conn)
{
	const uint32_t story = SPY_CONN_EOF | SPY_CONN_SHUT_RD | SPY_CONN_SHUT_WR | SPY_CONN_CONNECT_FAILED |
			       SPY_CONN_FORKED | SPY_CONN_DUP_CLOSED;

	return conn->state == SPY_STATE_ESTABLISHED && !(conn->flags & story);
}

void spy_core_observe(struct spy_core *core, struct spy_event *ev, struct spy_conn *conn, struct spy_outbox *out)
{
	if (ev->was_closed) {
		ev->state_before = SPY_STATE_CLOSED;
		ev->state = SPY_STATE_CLOSED;
		ev->source = SPY_SOURCE_KERNEL;
		spy_rules_run(core, ev, conn, out);
		return;
	}
	spy_note(core, ev, conn);
	if (ev->before_call || ev->op == SPY_OP_EXEC) {
		ev->state_before = conn->state;
		ev->state = conn->state;
	} else {
		move_state(core, ev, conn);
	}
	spy_note_held(ev, conn);
	spy_rules_run(core, ev, conn, out);
	/* Calls since the peer's FIN are few, and the last of them is where a leak was last touched. */
	if (spy_is_use(ev) && conn->state == SPY_STATE_CLOSE_WAIT) {
		conn->flags |= SPY_CONN_USED_SINCE_FIN;
		conn->stacks[SPY_STACK_USED] = ev->stack;
	}
	atomic_store_explicit(&conn->attention, !is_plain(conn), memory_order_relaxed);
}

struct spy_conn *spy_core_open(struct spy_core *core, int fd, uint64_t now_ns)
{
	uint32_t slot = spy_table_slot(&core->table, fd);
	uint32_t former_tid = 0, former_user = 0, former_writer = 0, former_stack = 0, former_flags = 0;
	struct spy_conn *conn;

	if (slot & SPY_SLOT_CLOSED) {
		const struct spy_conn *former = spy_table_conn(&core->table, slot);

		former_tid = former->closed_tid;
		former_user = former->last_tid;
		former_writer = former->last_writer;
		former_stack = former->stacks[SPY_STACK_CLOSED];
		former_flags = former->flags;
	}
	/* A number that is open in the table was closed unseen: the kernel has just given it out again. */
	spy_core_closed_unseen(core, fd, now_ns);
	conn = spy_table_open(&core->table, fd, now_ns);
	if (!conn)
		return NULL;
	conn->former_tid = former_tid;
	conn->former_user = former_user;
	conn->former_writer = former_writer;
	conn->former_stack = former_stack;
	if (former_flags & SPY_CONN_CLOSED_BY_USER)
		conn->flags |= SPY_CONN_FORMER_BY_USER;
	return conn;
}

void spy_core_accepted(struct spy_conn *listener)
{
	listener->failed_accepts = 0;
}

struct spy_conn *spy_core_nobody(struct spy_core *core)
{
	core->nobody = (struct spy_conn){.fd = -1, .state = SPY_STATE_CLOSED, .source = SPY_SOURCE_KERNEL};
	return &core->nobody;
}

bool spy_core_wants_holder(const struct spy_core *core, const struct spy_conn *conn, uint64_t now_ns)
{
	uint64_t told = UINT64_C(1) << SPY_RULE_close_without_fin | UINT64_C(1) << SPY_RULE_close_while_in_use;
	uint64_t told_leak = UINT64_C(1) << SPY_RULE_close_wait_leak;

	if (conn->flags & SPY_CONN_HELD)
		return !(conn->reported & told) && now_ns - conn->closed_ns >= core->settings.close_wait_ns;
	/* A leak that a child may be answering for: is there one that has the connection, too? */
	return conn->descriptors && conn->state == SPY_STATE_CLOSE_WAIT && !(conn->reported & told_leak) &&
	       conn->forks != core->forks && conn->used_forks != core->forks && now_ns >= conn->next_look_ns &&
	       now_ns - conn->since_ns > core->settings.close_wait_ns;
}

#define HAND_STEPS 32u /* records that are looked at for one that may give its place up */

/*
 * What is in TIME_WAIT has only its timer before it, and what has just been closed a stall or another holder: where
 * the watcher's list is full, one of the first leaves it. It counts as not followed, and its time ends now.
 */
static void make_place(struct spy_core *core, uint64_t now_ns)
{
	for (uint32_t step = 0; step < HAND_STEPS; step++) {
		struct spy_conn *conn;

		core->hand = core->hand < core->table.used ? core->hand : 0;
		conn = spy_table_at(&core->table, core->hand++);
		if (!conn || !(conn->flags & SPY_CONN_FOLLOWED) || conn->state != SPY_STATE_TIME_WAIT)
			continue;
		spy_ledger_move(&core->ledger, conn, SPY_STATE_CLOSED, now_ns);
		spy_table_unfollow(&core->table, conn);
		core->unseen.not_followed++;
		return;
	}
}

void spy_core_let_go(struct spy_core *core, struct spy_conn *conn, uint64_t next_look_ns)
{
	if (!(conn->flags & SPY_CONN_CLOSED) || (conn->flags & SPY_CONN_FOLLOWED))
		return;
	if (conn->state == SPY_STATE_CLOSED || conn->state == SPY_STATE_LISTEN) {
		spy_table_release(&core->table, conn);
		return;
	}
	conn->next_look_ns = next_look_ns;
	if (core->table.followed_count >= SPY_FOLLOWED_MAX && conn->state != SPY_STATE_TIME_WAIT)
		make_place(core, conn->closed_ns);
	if (!spy_table_follow(&core->table, conn, SPY_FOLLOWED_MAX)) {
		core->unseen.not_followed++;
		spy_table_release(&core->table, conn);
	}
}

void spy_core_closed_unseen(struct spy_core *core, int fd, uint64_t now_ns)
{
	struct spy_conn *conn = spy_table_detach(&core->table, fd);

	if (!conn)
		return;
	core->unseen.closes++;
	/* Nobody knows what the close led to: the ledger stops here. */
	if (conn->flags & SPY_CONN_CLOSED)
		spy_ledger_move(&core->ledger, conn, SPY_STATE_CLOSED, now_ns);
	spy_table_clear(&core->table, fd);
}

void spy_core_not_ours_yet(struct spy_core *core, struct spy_conn *conn)
{
	if (conn->flags & SPY_CONN_COUNTED) {
		core->connections--;
		if (conn->flags & SPY_CONN_ACCEPTED)
			core->accepted--;
	}
	conn->flags &= ~(uint32_t)SPY_CONN_COUNTED;
	conn->flags |= SPY_CONN_FORKED;
	conn->attention = 1;
}

void spy_core_forked(struct spy_core *core, uint64_t now_ns)
{
	core->forks = 0;
	memset(&core->ledger, 0, sizeof(core->ledger));
	for (uint32_t i = 0; i < core->table.used; i++) {
		struct spy_conn *conn = spy_table_at(&core->table, i);

		if (!conn)
			continue;
		conn->forks = 0;
		conn->pins = 0;
		spy_table_unfollow(&core->table, conn);
		conn->flags |= conn->descriptors ? SPY_CONN_FORKED : SPY_CONN_FORKED | SPY_CONN_CLOSED_BY_PARENT;
		conn->flags &= ~(uint32_t)SPY_CONN_COUNTED;
		conn->attention = 1;
		/* The child's ledger begins with the child; that it was once established stays true. */
		conn->states_seen &= 1u << SPY_STATE_ESTABLISHED;
		conn->since_ns = now_ns;
		spy_ledger_move(&core->ledger, conn, (enum spy_state)conn->state, now_ns);
	}
	core->connections = 0;
	core->accepted = 0;
	core->unseen = (struct spy_unseen){.closes = 0};
	core->table.untracked = 0;
	for (unsigned int i = 0; i <= SPY_ERROR; i++)
		core->by_severity[i] = 0;
	for (unsigned int i = 0; i < SPY_RULE_COUNT; i++)
		core->by_rule[i] = 0;
	core->places.count = 0;
	core->places.crowded_out = 0;
}
