/*
 * The watcher; see watcher.h.
 */
#include "watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "../calls/settle.h"
#include "../calls/sweep.h"
#include "../observe/handler.h"
#include "../observe/kernel.h"
#include "../report/report.h"
#include "../report/snapshot.h"
#include "../sink/writer.h"
#include "../sys/sandbox.h"
#include "../sys/sys.h"
#include "looks.h"

#define STACK_SIZE	 ((size_t)256 * 1024)
#define LARGE_STACK_SIZE ((size_t)8 * 1024 * 1024)
#define FLUSH_NS	 (100 * SPY_NS_PER_MS)
#define ON_THE_WAY_NS	 SPY_NS_PER_S
#define LAST_LOOK_NS	 (50 * SPY_NS_PER_MS)
#define ALONE_NS	 (10 * SPY_NS_PER_MS) /* how often it is asked whether other threads are left, once main is not */
#define PAUSE_TURNS	 20000 /* of PAUSE_NS: a second */
#define PAUSE_NS	 50000L

static _Atomic bool started;
static _Atomic bool forbidden;
static bool paused; /* by the only thread that there is */
static _Atomic bool due; /* to be started by the next call that is not in a handler */
static _Atomic uint32_t stopped; /* a futex: 1 wakes the thread for the last time */
static _Atomic uint32_t looking; /* a futex: 1 while the thread looks and reports */
static _Atomic bool main_left; /* the main thread has ended, or called pthread_exit(), ... */
static sigset_t main_mask; /* ... with this mask; written before */
static _Atomic uint32_t watcher_tid; /* 0: there is none, or it has not begun */

/* Waits, or returns at once when the watcher is to stop. */
static void wait_ns(uint64_t time_ns)
{
	struct timespec timeout = {.tv_sec = (time_t)(time_ns / SPY_NS_PER_S),
				   .tv_nsec = (long)(time_ns % SPY_NS_PER_S)};

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
		spy_looks_in_turn();
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
	watcher_tid = spy_self_tid();
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
	watcher_tid = 0;
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

/* The threads of this process, as the kernel counts them; 0 where it does not say. */
static uint32_t count_threads(void)
{
	struct statx st;

	/* A directory's links are those from its parent, from itself and from each directory in it. */
	return spy_sys(SYS_statx, AT_FDCWD, "/proc/self/task", 0, STATX_NLINK, &st) == 0 && st.stx_nlink > 2
		       ? st.stx_nlink - 2
		       : 0;
}

bool spy_watcher_pause(void)
{
	const struct timespec turn = {.tv_nsec = PAUSE_NS};
	struct spy_section quiet;
	bool ended = false;

	if (count_threads() != (started && !stopped ? 2 : 1))
		return false;
	if (!started || stopped)
		return true;
	/* Until the kernel has forgotten it: it has its share of the descriptors for as long. */
	spy_quiet_enter(&quiet);
	stopped = 1;
	for (int i = 0; i < PAUSE_TURNS && !ended; i++) {
		spy_sys3(SYS_futex, &stopped, FUTEX_WAKE_PRIVATE, INT32_MAX);
		spy_sys2(SYS_nanosleep, &turn, NULL);
		ended = watcher_tid && spy_sys3(SYS_tgkill, spy_self_pid(), watcher_tid, 0) == -ESRCH;
	}
	stopped = 0;
	started = !ended;
	paused = ended;
	spy_quiet_leave(&quiet);
	return ended;
}

void spy_watcher_resume(void)
{
	struct spy_section quiet;

	if (!paused)
		return;
	paused = false;
	spy_quiet_enter(&quiet);
	spy_watcher_start();
	spy_quiet_leave(&quiet);
}

void spy_watcher_allow(bool allowed)
{
	forbidden = !allowed;
}

void spy_watcher_on_the_way(void)
{
	if ((!spy_options.watch_ns || forbidden || due) && spy_clock_now() - spy_looks_last_ns() > ON_THE_WAY_NS) {
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
	paused = false;
}
