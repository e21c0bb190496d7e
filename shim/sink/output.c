/*
 * Writing to a descriptor without harm; see output.h.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../sys/lock.h"
#include "../sys/sys.h"

#define PATIENCE_MS 500 /* for a log that is full for the moment (a pipe, a terminal) */

/* A pipe that says it is writable takes this much without waiting (pipe(7), PIPE_BUF). */
#define CHUNK 4096u

static _Atomic rlim_t size_limit = RLIM_INFINITY; /* of files */
static _Atomic bool impatient; /* the last write found nobody reading: the next ones do not wait */

/* Where a filter of the program's forbids it, the signals that a write may raise cannot be taken back. */
static bool takes_signals(void)
{
	return spy_sandbox_allows_number(SYS_rt_sigpending) && spy_sandbox_allows_number(SYS_rt_sigtimedwait);
}

bool spy_output_note_limit(void)
{
	struct rlimit limit;
	int saved = errno;

	size_limit = getrlimit(RLIMIT_FSIZE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
	errno = saved;
	return size_limit != RLIM_INFINITY;
}

/* True where a write to a file may raise SIGXFSZ: over the limit, or nobody says how large it is. */
static bool is_over_limit(int fd, size_t len)
{
	struct statx st;

	if (size_limit == RLIM_INFINITY || takes_signals())
		return false;
	if (spy_sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &st) == 0)
		return S_ISREG(st.stx_mode) && st.stx_size + len > size_limit;
	return spy_sys3(SYS_lseek, fd, 0, SEEK_CUR) != -ESPIPE;
}

/*
 * True when fd takes more, now or within a bounded time: the program's signals wait as long as this. Where the signal
 * of a pipe without a reader could not be taken, not then either.
 */
static bool wait_writable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	struct timespec patience = {.tv_nsec = impatient ? 0 : PATIENCE_MS * 1000000L};
	bool writable;

#ifdef SYS_poll
	/* Filters know the calls that the program makes, which may be the older one's. */
	if (!spy_sandbox_allows_number(SYS_ppoll))
		writable = spy_sys3(SYS_poll, &poll_fd, 1, impatient ? 0 : PATIENCE_MS) > 0;
	else
#endif
		writable = spy_sys(SYS_ppoll, &poll_fd, 1, &patience, NULL, 0) > 0;
	impatient = !writable;
	return writable && (!(poll_fd.revents & (POLLERR | POLLHUP)) || takes_signals());
}

size_t spy_output_plain(int fd, const char *text, size_t len, int *err)
{
	size_t done = 0;

	while (done < len) {
		long rc = spy_sys3(SYS_write, fd, text + done, len - done);

		if (rc > 0) {
			done += (size_t)rc;
		} else if (rc != -EINTR) {
			*err = (int)-rc;
			break;
		}
	}
	return done;
}

/* Never waits for a reader but in wait_writable(). */
static size_t write_patiently(int fd, const char *text, size_t len, int *err)
{
	size_t done = 0;

	while (done < len) {
		size_t chunk = len - done < CHUNK ? len - done : CHUNK;
		long rc = wait_writable(fd) ? spy_sys3(SYS_write, fd, text + done, chunk) : -EAGAIN;

		if (rc > 0) {
			done += (size_t)rc;
		} else if (rc != -EINTR) {
			*err = (int)-rc;
			break;
		}
	}
	return done;
}

/*
 * A write to a pipe whose reader is gone, or over a file size limit, raises a signal that the
 * program would not have had. It is kept from it: blocked for the write, and taken if it came.
 */
size_t spy_output_quietly(int fd, const char *text, size_t len, int *err)
{
	const uint64_t quiet = UINT64_C(1) << (SIGPIPE - 1) | UINT64_C(1) << (SIGXFSZ - 1);
	const struct timespec no_time = {.tv_sec = 0};
	uint64_t before = 0, pending_before = 0, pending = 0;
	size_t done;

	if (is_over_limit(fd, len)) {
		*err = EFBIG;
		return 0;
	}
	spy_sys4(SYS_rt_sigprocmask, SIG_BLOCK, &quiet, &before, sizeof(before));
	spy_sys2(SYS_rt_sigpending, &pending_before, sizeof(pending_before));
	done = write_patiently(fd, text, len, err);
	if (done < len) {
		uint64_t ours;

		spy_sys2(SYS_rt_sigpending, &pending, sizeof(pending));
		ours = pending & quiet & ~pending_before;
		if (ours)
			spy_sys4(SYS_rt_sigtimedwait, &ours, NULL, &no_time, sizeof(ours));
	}
	spy_mask_let_main(before);
	spy_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return done;
}
