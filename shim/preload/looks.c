/*
 * The looks at connections; see looks.h.
 */
#include "looks.h"

#include <poll.h>
#include <time.h>

#include "../calls/settle.h"
#include "../calls/sweep.h"
#include "../observe/kernel.h"
#include "../observe/proc.h"
#include "../observe/waiters.h"
#include "../sys/sys.h"
#include "watcher.h"

#define SEARCH_AGAIN_NS (5 * SPY_NS_PER_S)
#define FEW		64u /* connections that are each looked at every time */
#define BATCH		128u
#define TURNS		8u /* of more, each is looked at every so many times, whatever poll(2) says */

static _Atomic uint64_t last_look_ns;

/* A connection that the program has closed: the kernel's answer by its addresses. The lock is held. */
static void look_at_closed(struct spy_conn *conn, struct spy_event *ev, struct spy_settled *settled)
{
	int64_t rest_ms;

	if (ev->now_ns < conn->next_look_ns)
		return;
	spy_look_by_address(conn, ev, &rest_ms);
	if (ev->state == SPY_STATE_UNKNOWN) {
		/* Nobody can be asked (seccomp, another namespace): its story ends here. */
		spy_table_unfollow(&spy_core.table, conn);
		return;
	}
	/* In TIME_WAIT nothing happens before the timer's end: no need to ask until then. */
	if (ev->state == SPY_STATE_TIME_WAIT && rest_ms > 0)
		conn->next_look_ns = ev->now_ns + (uint64_t)rest_ms * SPY_NS_PER_MS;
	spy_observe_look(conn, ev, settled);
	if (ev->state == SPY_STATE_CLOSED)
		spy_table_unfollow(&spy_core.table, conn);
}

/*
 * An open one: the descriptor is asked, which stays what it is while the lock is held. True where it has become
 * another connection's.
 */
static bool look_at_open(struct spy_conn *conn, struct spy_event *ev, struct spy_settled *settled)
{
	int rc;

	if (spy_table_slot(&spy_core.table, conn->fd) != conn->self)
		return false;
	rc = spy_look(conn, conn->fd, ev);
	if (spy_is_gone(rc))
		spy_core_closed_unseen(&spy_core, conn->fd, ev->now_ns);
	else
		spy_observe_look(conn, ev, settled);
	/* Once, while it is young: whether the number is still its own, the later looks see by it. */
	if (rc == 0 && !conn->cookie && ev->state == SPY_STATE_ESTABLISHED)
		conn->cookie = spy_kernel_cookie(conn->fd);
	return rc == SPY_LOOK_ANOTHER;
}

/*
 * Who else holds a connection that was closed here, where a finding wants to know: another process, or a thread of this
 * one that waits for the number, unless that is another connection's by now. The lock is not held.
 */
static bool find_holder(uint32_t index, struct spy_holder *holder, uint32_t *in_use_tid)
{
	int closed_fd = -1;
	struct spy_conn *conn;
	uint64_t inode = 0;

	spy_core_lock();
	conn = spy_table_at(&spy_core.table, index);
	if (conn && spy_core_wants_holder(&spy_core, conn, spy_clock_now()))
		inode = conn->descriptors ? spy_kernel_inode(conn->fd) : conn->inode;
	/* A search of /proc is long: one that is still served elsewhere is not searched for at every look. */
	if (conn && inode && conn->descriptors)
		conn->next_look_ns = spy_clock_now() + SEARCH_AGAIN_NS;
	else if (conn && inode && !spy_kernel_is_open(conn->fd))
		closed_fd = conn->fd;
	spy_core_unlock();
	if (inode)
		spy_proc_find_inode(inode, true, holder);
	if (inode && !holder->pid && closed_fd >= 0)
		*in_use_tid = spy_waiters_find(closed_fd);
	return inode != 0;
}

static void look_at(uint32_t index)
{
	struct spy_holder holder = {.pid = 0};
	uint32_t in_use_tid = 0;
	bool asked = find_holder(index, &holder, &in_use_tid);
	struct spy_settled settled;
	struct spy_event ev;
	struct spy_conn *conn;
	int another = -1; /* its descriptor, where that is another connection's by now */

	spy_settled_init(&settled);
	spy_core_lock();
	conn = spy_table_at(&spy_core.table, index);
	if (conn) {
		spy_event_init(&ev, SPY_CALL_close, SPY_OP_TICK, conn->fd);
		ev.holder = holder;
		ev.holder_asked = asked;
		ev.in_use_tid = in_use_tid;
		if (conn->descriptors)
			another = look_at_open(conn, &ev, &settled) ? ev.fd : -1;
		else if (conn->flags & SPY_CONN_FOLLOWED)
			look_at_closed(conn, &ev, &settled);
	}
	spy_core_unlock();
	if (another >= 0)
		spy_adopt(another, true);
	if (conn)
		spy_report_settled(&ev, &settled);
}

uint64_t spy_looks_last_ns(void)
{
	return last_look_ns;
}

void spy_watcher_look(void)
{
	last_look_ns = spy_clock_now();
	spy_sweep_release_old();
	for (uint32_t i = 0; i < spy_core.table.used; i++)
		look_at(i);
}

/* Established, and without a story so far: nothing about it changes without an event that poll(2) tells. */
static bool is_quiet(const struct spy_conn *conn)
{
	return conn->descriptors && conn->state == SPY_STATE_ESTABLISHED && !conn->attention && conn->cookie &&
	       spy_table_slot(&spy_core.table, conn->fd) == conn->self;
}

/*
 * Looks at records from first on; returns where to go on. The quiet ones whose turn it is not cost one system call
 * together: an end of file, a reset, or no descriptor any more, and then each is looked at. The descriptors stay what
 * they are while the lock is held.
 */
static uint32_t look_at_batch(uint32_t first, uint32_t turn)
{
	const struct timespec no_time = {.tv_sec = 0};
	struct pollfd asked[BATCH];
	uint32_t asked_index[BATCH], others[BATCH];
	unsigned int asked_count = 0, other_count = 0;
	uint32_t index = first;
	long rc;

	spy_core_lock();
	for (; index < spy_core.table.used && asked_count < BATCH && other_count < BATCH; index++) {
		const struct spy_conn *conn = spy_table_at(&spy_core.table, index);

		if (conn && index % TURNS != turn % TURNS && is_quiet(conn)) {
			asked_index[asked_count] = index;
			asked[asked_count++] = (struct pollfd){.fd = conn->fd, .events = POLLRDHUP};
		} else if (conn) {
			others[other_count++] = index;
		}
	}
	rc = asked_count ? spy_sys(SYS_ppoll, asked, asked_count, &no_time, NULL, 0) : 0;
	spy_core_unlock();
	for (unsigned int i = 0; i < other_count; i++)
		look_at(others[i]);
	for (unsigned int i = 0; rc != 0 && i < asked_count; i++)
		if (rc < 0 || asked[i].revents)
			look_at(asked_index[i]);
	return index;
}

/* The thread's look: where there are many connections, those that are quiet are asked about together. */
void spy_looks_in_turn(void)
{
	static uint32_t turn;

	if (spy_core.table.used <= FEW) {
		spy_watcher_look();
		return;
	}
	last_look_ns = spy_clock_now();
	spy_sweep_release_old();
	turn++;
	for (uint32_t index = 0; index < spy_core.table.used;)
		index = look_at_batch(index, turn);
}
