/*
 * Hooks of the calls by which a process goes on as another, or ends.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <threads.h>
#include <unistd.h>

#include "../observe/diag.h"
#include "../preload/ending.h"
#include "../preload/real.h"
#include "../preload/spy.h"
#include "../preload/watcher.h"
#include "../sink/output.h"
#include "../sink/target.h"
#include "../sink/writer.h"
#include "../sys/sys.h"
#include "hooks.h"

/* The work is in the handlers of fork.c, which also see the forks inside libc. */
SPY_EXPORT pid_t fork(void)
{
	return REAL(fork)();
}

/* libc's daemon() puts /dev/null over stderr by calls of its own that no hook sees. */
SPY_EXPORT int daemon(int nochdir, int noclose)
{
	if (spy_on && !noclose) {
		spy_writer_flush();
		spy_target_leave_stderr(true);
	}
	return REAL(daemon)(nochdir, noclose);
}

/*
 * Some of it is only for a process with one thread, and what a thread no longer shares the watcher would still have:
 * descriptors that the program closes would stay open. It pauses.
 */
static bool be_alone(int flags)
{
	const int company = CLONE_FILES | CLONE_NEWUSER | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;

	return spy_on && (flags & company) && !spy_in_vfork_child() && spy_watcher_pause();
}

static void be_watched(bool was_alone)
{
	int saved = errno;

	if (was_alone)
		spy_watcher_resume();
	errno = saved;
}

SPY_EXPORT int unshare(int flags)
{
	bool alone;
	int rc;

	if (flags & (CLONE_NEWNS | CLONE_NEWUSER))
		spy_before_less();
	alone = be_alone(flags);
	rc = REAL(unshare)(flags);
	if (rc == 0 && (flags & CLONE_NEWNET))
		spy_diag_other_network();
	be_watched(alone);
	return rc;
}

/* Which kind of namespace it was is not asked: states after close() are worked out from now on. */
SPY_EXPORT int setns(int fd, int type)
{
	bool alone;
	int rc;

	spy_before_less();
	/* Those of users and of mounts are entered by the only thread (setns(2)). */
	alone = be_alone(type && !(type & (CLONE_NEWUSER | CLONE_NEWNS)) ? 0 : CLONE_NEWUSER);
	rc = REAL(setns)(fd, type);
	if (rc == 0 && (type == 0 || (type & CLONE_NEWNET)))
		spy_diag_other_network();
	be_watched(alone);
	return rc;
}

static void note_limit(int resource)
{
	if (spy_on && resource == RLIMIT_FSIZE)
		spy_target_careful();
	if (resource == RLIMIT_NOFILE)
		spy_before_less();
}

/* A filter may follow, after which nobody can be asked. */
static int limited(int resource, int rc)
{
	if (spy_on && resource == RLIMIT_FSIZE)
		spy_output_note_limit();
	return rc;
}

SPY_EXPORT int setrlimit(spy_rlimit_resource resource, const struct rlimit *limit)
{
	note_limit((int)resource);
	return limited((int)resource, REAL(setrlimit)(resource, limit));
}

SPY_EXPORT int setrlimit64(spy_rlimit_resource resource, const struct rlimit64 *limit)
{
	note_limit((int)resource);
	return limited((int)resource, REAL(setrlimit64)(resource, limit));
}

SPY_EXPORT int prlimit(pid_t pid, spy_prlimit_resource resource, const struct rlimit *limit, struct rlimit *old)
{
	note_limit((int)resource);
	return limited((int)resource, REAL(prlimit)(pid, resource, limit, old));
}

SPY_EXPORT int prlimit64(pid_t pid, spy_prlimit_resource resource, const struct rlimit64 *limit, struct rlimit64 *old)
{
	note_limit((int)resource);
	return limited((int)resource, REAL(prlimit64)(pid, resource, limit, old));
}

SPY_EXPORT void quick_exit(int status)
{
	spy_ending_quick(status);
	REAL(quick_exit)(status);
	__builtin_unreachable();
}

int spy_before_exit(int status)
{
	if (!spy_on || spy_in_vfork_child())
		return status;
	spy_ending_summary();
	return spy_ending_status(status);
}

SPY_EXPORT void _exit(int status)
{
	REAL(_exit)(spy_before_exit(status));
	__builtin_unreachable();
}

SPY_EXPORT void _Exit(int status)
{
	REAL(_Exit)(spy_before_exit(status));
	__builtin_unreachable();
}

static bool is_main_thread(void)
{
	return spy_on && spy_sys0(SYS_gettid) == spy_sys0(SYS_getpid);
}

static void before_thread_exit(void)
{
	if (is_main_thread())
		spy_watcher_main_leaves();
}

/* Unlike pthread_exit() it runs no handlers, and the status is that of the main thread. */
int spy_before_bare_exit(int status)
{
	if (!is_main_thread() || spy_in_vfork_child())
		return status;
	if (spy_watcher_pause())
		return spy_before_exit(status);
	spy_watcher_main_leaves();
	return status;
}

SPY_EXPORT void pthread_exit(void *result)
{
	before_thread_exit();
	REAL(pthread_exit)(result);
	__builtin_unreachable();
}

SPY_EXPORT void thrd_exit(int result)
{
	before_thread_exit();
	REAL(thrd_exit)(result);
	__builtin_unreachable();
}
