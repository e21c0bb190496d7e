/*
 * The watcher; see watcher.h.
 */
#include "watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../calls/settle.h"
#include "../calls/sweep.h"
#include "../observe/diag.h"
#include "../observe/handler.h"
#include "../observe/kernel.h"
#include "../observe/proc.h"
#include "../report/snapshot.h"
#include "../sink/writer.h"
#include "../sys/sandbox.h"
#include "../sys/sys.h"

#define STACK_SIZE	 ((size_t)256 * 1024)
#define LARGE_STACK_SIZE ((size_t)8 * 1024 * 1024)
#define FLUSH_NS	 100000000u
#define SEARCH_AGAIN_NS	 5000000000u
#define FEW		 64u /* connections that are each looked at every time */
#define BATCH		 128u
#define TURNS		 8u /* of more, each is looked at every so many times, whatever poll(2) says */
#define ON_THE_WAY_NS	 1000000000u
#define LAST_LOOK_NS	 50000000L
#define ALONE_NS	 10000000u /* how often it is asked whether other threads are left, once main is not */

static _Atomic bool started;
static _Atomic bool forbidden;
static _Atomic bool due; /* to be started by the next call that is not in a handler */
static _Atomic uint32_t stopped; /* a futex: 1 wakes the thread for the last time */
static _Atomic uint32_t looking; /* a futex: 1 while the thread looks and reports */
static _Atomic uint64_t last_look_ns;
static _Atomic bool main_left; /* the main thread has ended, or called pthread_exit(), ... */
static sigset_t main_mask; /* ... with this mask; written before */

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
		conn->next_look_ns = ev->now_ns + (uint64_t)rest_ms * 1000000u;
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

/* Who else holds a connection that was closed here, where a finding wants to know. The lock is not held. */
static bool find_holder(uint32_t index, struct spy_holder *holder)
{
	struct spy_conn *conn;
	uint64_t inode = 0;

	spy_core_lock();
	conn = spy_table_at(&spy_core.table, index);
	if (conn && spy_core_wants_holder(&spy_core, conn, spy_clock_now()))
		inode = conn->descriptors ? spy_kernel_inode(conn->fd) : conn->inode;
	/* A search of /proc is long: one that is still served elsewhere is not searched for at every look. */
	if (conn && inode && conn->descriptors)
		conn->next_look_ns = spy_clock_now() + SEARCH_AGAIN_NS;
	spy_core_unlock();
	if (inode)
		spy_proc_find_inode(inode, true, holder);
	return inode != 0;
}

static void look_at(uint32_t index)
{
	struct spy_holder holder = {.pid = 0};
	bool asked = find_holder(index, &holder);
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
static void look_in_turn(void)
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

/* Waits, or returns at once when the watcher is to stop. */
static void wait_ns(uint64_t time_ns)
{
	struct timespec timeout = {.tv_sec = (time_t)(time_ns / 1000000000u), .tv_nsec = (long)(time_ns % 1000000000u)};

	spy_sys4(SYS_futex, &stopped, FUTEX_WAIT_PRIVATE, 0, &timeout);
}

void spy_watcher_hasten(void)
{
	spy_sys3(SYS_futex, &stopped, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

void spy_watcher_main_leaves(void)
{
	pthread_sigmask(SIG_SETMASK, NULL, &main_mask);
	main_left = true;
	spy_watcher_hasten();
}

/* One turn of the thread. */
static void look_and_write(bool look)
{
	struct spy_section quiet;

	looking = 1;
	spy_quiet_enter(&quiet);
	if (look && !stopped) {
		look_in_turn();
		spy_report_interim();
	}
	spy_snapshot_write(false);
	spy_quiet_leave(&quiet);
	looking = 0;
	if (stopped)
		spy_sys3(SYS_futex, &looking, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

static void release_held(void)
{
	struct spy_section quiet;

	if (!spy_sweep_holds())
		return;
	spy_quiet_enter(&quiet);
	spy_sweep_release_old();
	spy_quiet_leave(&quiet);
}

/*
 * True where no thread of the program is left. libc ends a process with its last thread, which must not be this one's
 * doing, or not doing. What the main thread was stays a thread until the process ends, a zombie. Where nobody tells
 * how many there are, this one goes, and the looks are on the way of calls.
 */
static bool is_alone(void)
{
	const unsigned int parents = 2, threads = 2; /* the links of a directory without others in it; main, and this */
	struct statx st;
	char byte;
	bool counted;

	/* The kernel's word for it, too, for one that was cancelled: a zombie has no program (proc(5)). */
	if (!main_left && spy_sys4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", &byte, 1) != -ENOENT)
		return false;
	counted = spy_sys(SYS_statx, AT_FDCWD, "/proc/self/task", 0, STATX_NLINK, &st) == 0;
	if (!main_left && !counted)
		return false; /* there is no /proc */
	main_left = true;
	forbidden |= !counted;
	return !counted || st.stx_nlink <= parents + threads;
}

static uint64_t time_to_wait(uint64_t step_ns)
{
	if (main_left)
		return step_ns < ALONE_NS ? step_ns : ALONE_NS;
	return spy_sweep_holds() && step_ns > FLUSH_NS ? FLUSH_NS : step_ns;
}

static void *watch(void *unused)
{
	uint64_t step_ns = spy_options.watch_ns;
	uint64_t next_ns = spy_clock_now() + spy_options.watch_ns;

	(void)unused;
	prctl(PR_SET_NAME, "tcpwaitspy");
	look_and_write(false);
	if (spy_options.flush == SPY_FLUSH_BUFFER && step_ns > FLUSH_NS)
		step_ns = FLUSH_NS;
	while (!stopped) {
		wait_ns(time_to_wait(step_ns));
		if (stopped)
			break;
		if (is_alone()) {
			/* libc calls exit() here now, and the program's handlers run as in its own last thread. */
			pthread_sigmask(SIG_SETMASK, &main_mask, NULL);
			break;
		}
		release_held();
		if (spy_clock_now() >= next_ns) {
			look_and_write(true);
			next_ns = spy_clock_now() + spy_options.watch_ns;
		}
		spy_writer_flush();
	}
	return NULL;
}

/*
 * libc's mask and not the kernel's: the signals that libc keeps for itself must reach every
 * thread, or setuid() in the program would wait for this one for ever.
 */
static int start_thread(const pthread_attr_t *attr)
{
	sigset_t all, before;
	pthread_t thread;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, attr, watch, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

void spy_watcher_start(void)
{
	pthread_attr_t attr;
	int rc;

	due = false;
	if (!spy_options.watch_ns || spy_sandboxed || forbidden || started)
		return;
	/* pthread_create() allocates, and the handler may have interrupted malloc(). */
	due = spy_handler_is_inside();
	if (due || atomic_exchange(&started, true))
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	rc = start_thread(&attr);
	if (rc == EINVAL) {
		/* A program with much thread-local data: the default size has room for it. */
		pthread_attr_setstacksize(&attr, LARGE_STACK_SIZE);
		rc = start_thread(&attr);
	}
	pthread_attr_destroy(&attr);
	/* No room for one more thread (setrlimit, cgroups): then the looks are on the way of calls. */
	if (rc != 0)
		forbidden = true;
}

bool spy_watcher_is_due(void)
{
	return due;
}

void spy_watcher_stop(void)
{
	struct timespec patience = {.tv_nsec = LAST_LOOK_NS};

	stopped = 1;
	spy_sys3(SYS_futex, &stopped, FUTEX_WAKE_PRIVATE, 1);
	/* What it is about to say comes before the summary. Not for ever: it may want what this thread holds. */
	if (looking)
		spy_sys4(SYS_futex, &looking, FUTEX_WAIT_PRIVATE, 1, &patience);
}

void spy_watcher_allow(bool allowed)
{
	forbidden = !allowed;
}

void spy_watcher_on_the_way(void)
{
	if ((!spy_options.watch_ns || forbidden || due) && spy_clock_now() - last_look_ns > ON_THE_WAY_NS) {
		spy_watcher_look();
		spy_report_interim();
		spy_snapshot_write(false);
	}
}

void spy_watcher_forked(void)
{
	started = false;
	due = false;
	stopped = 0;
	looking = 0;
	main_left = false;
}
