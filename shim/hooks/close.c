/*
 * Hooks of the calls that close descriptors and make others of them.
 */
#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <stdio.h>

#include "../calls/call.h"
#include "../calls/sweep.h"
#include "../observe/proc.h"
#include "../preload/own.h"
#include "../preload/probe.h"
#include "../preload/real.h"
#include "../preload/watcher.h"
#include "../sink/target.h"
#include "../sink/writer.h"

#define STDERR 2

/* What waits for the old place goes there. */
static void leave_stderr(void)
{
	spy_writer_flush();
	spy_target_leave_stderr(spy_stderr_matters());
}

/* The log may be going to the stderr that is about to go. */
static void stderr_goes(unsigned int first, unsigned int last)
{
	if (spy_on && first <= STDERR && last >= STDERR && !spy_in_vfork_child())
		leave_stderr();
}

static int close_with(int fd, uintptr_t caller)
{
	struct spy_closing closing;
	bool next;
	int rc;

	if (spy_is_probe(fd))
		return 0;
	next = spy_sweep_next(fd, caller);
	if (next && spy_sweep_is_proven() && (spy_table_slot(&spy_core.table, fd) & SPY_SLOT_CLOSED))
		spy_forget_closed(fd);
	if (__builtin_expect(!spy_table_slot(&spy_core.table, fd) && fd != STDERR, 1)) {
		rc = REAL(close)(fd);
		if (next && rc < 0 && errno == EBADF)
			spy_sweep_prove();
		return rc;
	}
	stderr_goes((unsigned int)fd, (unsigned int)fd);
	if (spy_own_is(fd) && !spy_in_vfork_child())
		return 0;
	/* The real close() would act on a cancellation before it closes, and so must the record. */
	pthread_testcancel();
	spy_close_begin(&closing, SPY_CALL_close, fd, caller);
	return (int)spy_close_end(&closing, REAL(close)(fd));
}

SPY_EXPORT int close(int fd)
{
	return close_with(fd, SPY_CALLER);
}

SPY_EXPORT int __close(int fd)
{
	return close_with(fd, SPY_CALLER);
}

/* Each connection in the range is closed by itself, so that each has its line; the rest go in one call. */
static void close_tracked(enum spy_call_id id, unsigned int first, unsigned int last, const int64_t *args,
			  uintptr_t caller)
{
	if (last > spy_core.table.high_fd)
		last = spy_core.table.high_fd;
	for (unsigned int fd = first; fd <= last && fd < SPY_FD_LIMIT; fd++) {
		uint32_t slot = spy_table_slot(&spy_core.table, (int)fd);
		struct spy_closing closing;

		if (!slot || (slot & (SPY_SLOT_OWN | SPY_SLOT_CLOSED)))
			continue;
		spy_close_begin(&closing, id, (int)fd, caller);
		closing.call.arg[0] = args[0];
		closing.call.arg[1] = args[1];
		spy_close_end(&closing, REAL(close)((int)fd));
	}
}

/* close_range() around the shim's own descriptors. */
static int close_between(unsigned int first, unsigned int last, int flags)
{
	int rc = 0, own;

	while (rc == 0 && (own = spy_own_in_range(first, last)) >= 0) {
		if ((unsigned int)own > first)
			rc = REAL(close_range)(first, (unsigned int)own - 1, flags);
		if ((unsigned int)own == last)
			return rc;
		first = (unsigned int)own + 1;
	}
	return rc == 0 ? REAL(close_range)(first, last, flags) : rc;
}

/*
 * With UNSHARE this thread's table is another one from now on. Where the program has other threads, they keep theirs,
 * which is what the records are about; its only thread would leave all that it closes open in the watcher's.
 */
static int close_unshared(unsigned int first, unsigned int last, int flags, const int64_t *args, uintptr_t caller)
{
	bool alone = spy_watcher_pause();
	int rc, err;

	if (alone && !(flags & CLOSE_RANGE_CLOEXEC))
		close_tracked(SPY_CALL_close_range, first, last, args, caller);
	rc = close_between(first, last, flags);
	err = errno;
	if (alone)
		spy_watcher_resume();
	errno = err;
	return rc;
}

SPY_EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	const int64_t args[] = {last, flags};
	bool unshares = flags & CLOSE_RANGE_UNSHARE;

	/* With CLOEXEC nothing closes. */
	if (!spy_on || first > last || ((flags & CLOSE_RANGE_CLOEXEC) && !unshares) || spy_in_vfork_child())
		return REAL(close_range)(first, last, flags);
	/* Flags that the kernel does not know, and kernels that do not know the call: on a number that nobody has. */
	if (REAL(close_range)(UINT_MAX, UINT_MAX, flags & ~CLOSE_RANGE_UNSHARE) != 0)
		return -1;
	if (!(flags & CLOSE_RANGE_CLOEXEC))
		stderr_goes(first, last);
	if (unshares)
		return close_unshared(first, last, flags, args, SPY_CALLER);
	close_tracked(SPY_CALL_close_range, first, last, args, SPY_CALLER);
	return close_between(first, last, flags);
}

static void close_one(int fd, void *data)
{
	const int *first = data;

	if (fd >= *first && !spy_own_is(fd))
		REAL(close)(fd);
}

SPY_EXPORT void closefrom(int first)
{
	const int64_t args[] = {SPY_UNKNOWN, SPY_UNKNOWN};
	int saved = errno;

	if (!spy_on || spy_in_vfork_child()) {
		REAL(closefrom)(first);
		return;
	}
	if (first < 0)
		first = 0;
	stderr_goes((unsigned int)first, UINT_MAX);
	close_tracked(SPY_CALL_closefrom, (unsigned int)first, UINT_MAX, args, SPY_CALLER);
	if (close_between((unsigned int)first, UINT_MAX, 0) != 0)
		spy_proc_each_fd(close_one, &first); /* A kernel without close_range(2). */
	errno = saved;
}

SPY_EXPORT int dup(int fd)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_dup, fd))
		return REAL(dup)(fd);
	rc = REAL(dup)(fd);
	return (int)spy_finish_dup(&call, rc);
}

/* libunwind probes memory through a pipe of its own, and gets none (probe.h). */
SPY_EXPORT int pipe(int ends[2])
{
	return spy_probe_pipe(ends) ? 0 : REAL(pipe)(ends);
}

SPY_EXPORT int pipe2(int ends[2], int flags)
{
	return spy_probe_pipe(ends) ? 0 : REAL(pipe2)(ends, flags);
}

static int real_dup_over(enum spy_call_id id, int oldfd, int newfd, int flags)
{
	return id == SPY_CALL_dup3 ? REAL(dup3)(oldfd, newfd, flags) : REAL(dup2)(oldfd, newfd);
}

/* newfd is closed, if it was open, and becomes one more descriptor of what oldfd is. */
static int dup_over(enum spy_call_id id, int oldfd, int newfd, int flags, uintptr_t caller)
{
	uint32_t old_slot = spy_table_slot(&spy_core.table, oldfd);
	uint32_t new_slot = spy_table_slot(&spy_core.table, newfd);
	struct spy_closing closing = {.open = false};
	struct spy_call call;
	bool tracked = false;
	int rc;

	if ((!old_slot && !new_slot && newfd != STDERR) || !spy_on || oldfd == newfd || spy_in_vfork_child())
		return real_dup_over(id, oldfd, newfd, flags);
	if (newfd == STDERR) {
		spy_writer_flush();
		spy_target_stderr_replaced(oldfd, spy_stderr_matters());
	}
	spy_own_make_room(newfd);
	if (old_slot)
		tracked = spy_enter_tracked(&call, id, oldfd, old_slot, caller);
	if (!(new_slot & SPY_SLOT_CLOSED))
		spy_close_begin(&closing, id, newfd, caller);
	rc = real_dup_over(id, oldfd, newfd, flags);
	closing.call.arg[0] = newfd;
	closing.shown_fd = oldfd;
	spy_close_end(&closing, rc);
	if (!tracked)
		return rc;
	call.arg[0] = newfd;
	call.arg[1] = id == SPY_CALL_dup3 ? flags : SPY_UNKNOWN;
	return (int)spy_finish_dup(&call, rc);
}

SPY_EXPORT int dup2(int oldfd, int newfd)
{
	return dup_over(SPY_CALL_dup2, oldfd, newfd, 0, SPY_CALLER);
}

SPY_EXPORT int __dup2(int oldfd, int newfd)
{
	return dup_over(SPY_CALL_dup2, oldfd, newfd, 0, SPY_CALLER);
}

SPY_EXPORT int dup3(int oldfd, int newfd, int flags)
{
	return dup_over(SPY_CALL_dup3, oldfd, newfd, flags, SPY_CALLER);
}

SPY_EXPORT FILE *fdopen(int fd, const char *mode)
{
	struct spy_call call;
	FILE *file;

	if (!spy_enter(&call, SPY_CALL_fdopen, fd))
		return REAL(fdopen)(fd, mode);
	file = REAL(fdopen)(fd, mode);
	spy_finish(&call, file ? 0 : -1);
	return file;
}

SPY_EXPORT int fclose(FILE *file)
{
	struct spy_closing closing;
	int saved = errno;
	int fd = file ? fileno(file) : -1;

	errno = saved;
	if (fd < 0 || (!spy_table_slot(&spy_core.table, fd) && fd != STDERR))
		return REAL(fclose)(file);
	/* A daemon lets go of it; for many other programs this is the last act before exit(), and the summary follows. */
	if (fd == STDERR && spy_on && spy_left_session())
		leave_stderr();
	else if (fd == STDERR && spy_on)
		spy_target_keep_stderr();
	spy_close_begin(&closing, SPY_CALL_fclose, fd, SPY_CALLER);
	return (int)spy_close_end(&closing, REAL(fclose)(file));
}

/* freopen() closes the file's descriptor and opens another, mostly with the same number. */
static FILE *freopen_with(bool large, const char *path, const char *mode, FILE *file, uintptr_t caller)
{
	struct spy_closing closing = {.open = false};
	int saved = errno;
	int fd = file ? fileno(file) : -1;
	FILE *reopened;

	errno = saved;
	if (fd >= 0) {
		stderr_goes((unsigned int)fd, (unsigned int)fd);
		spy_close_begin(&closing, SPY_CALL_fclose, fd, caller);
	}
	reopened = large ? REAL(freopen64)(path, mode, file) : REAL(freopen)(path, mode, file);
	spy_close_end(&closing, 0);
	return reopened;
}

SPY_EXPORT FILE *freopen(const char *path, const char *mode, FILE *file)
{
	return freopen_with(false, path, mode, file, SPY_CALLER);
}

SPY_EXPORT FILE *freopen64(const char *path, const char *mode, FILE *file)
{
	return freopen_with(true, path, mode, file, SPY_CALLER);
}
