/*
 * Writing to a descriptor without harm; see output.h.
 */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "../observe/sys.h"

#define PATIENCE_MS 500 /* for a log that is full for the moment (a pipe, a terminal) */

/* A pipe that says it is writable takes this much without waiting (pipe(7), PIPE_BUF). */
#define CHUNK 4096u

static _Atomic bool impatient; /* the last write found nobody reading: the next ones do not wait */

/* True when fd takes more, now or within a bounded time: the program's signals wait as long as this. */
static bool wait_writable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	struct timespec patience = {.tv_nsec = impatient ? 0 : PATIENCE_MS * 1000000L};
	bool writable = spy_sys(SYS_ppoll, &poll_fd, 1, &patience, NULL, 0) > 0;

	impatient = !writable;
	return writable;
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
	spy_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
	return done;
}
