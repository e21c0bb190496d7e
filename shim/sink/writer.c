/*
 * Writing lines; see writer.h.
 */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../observe/kernel.h"
#include "../observe/lock.h"
#include "../observe/sys.h"

#define PATH_ROOM 2048
#define BUFFER_SIZE 65536
#define FLUSH_NS 100000000u	/* flush=buffer: no line waits longer */
#define PATIENCE_MS 200	/* for a log that is full for the moment (a pipe, a terminal) */
#define STDERR 2

const char *spy_errno_name(int err);

static struct {
	_Atomic int fd;			/* STDERR, the shim's own descriptor, or -1 for nowhere */
	bool plain_file;		/* a regular file: a write neither waits nor raises SIGPIPE */
	bool buffered;
	char template[PATH_ROOM];	/* absolute; "" while the log is stderr */
	char program[64];
	int (*keep_fd)(int fd);
	void (*drop_fd)(int fd);
	bool left;			/* stderr is given up, and fd is a copy of it until a file is needed */
	_Atomic uint64_t lost;
	_Atomic bool torn;		/* the last write stopped in the middle of a line */
} log_to = { .fd = STDERR };

static struct {
	struct spy_lock lock;
	size_t len;
	uint64_t oldest_ns;	/* when the first line that waits came */
	char data[BUFFER_SIZE];
} buffer;

/* statx(2) has one layout on every architecture, which fstat(2) has not. */
static bool ask_file(int fd, struct statx *st)
{
	return spy_sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_UID, st) == 0;
}

static bool is_plain_file(int fd)
{
	struct statx st;

	return ask_file(fd, &st) && S_ISREG(st.stx_mode);
}

/* Waits a bounded time until fd takes more; false when it does not. */
static bool wait_writable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	struct timespec patience = { .tv_nsec = PATIENCE_MS * 1000000L };

	return spy_sys(SYS_ppoll, &poll_fd, 1, &patience, NULL, 0) > 0;
}

/* Bytes written; fewer than len where the log takes no more. */
static size_t write_all(int fd, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		long rc = spy_sys3(SYS_write, fd, text + done, len - done);

		if (rc > 0)
			done += (size_t)rc;
		else if (rc == -EAGAIN && wait_writable(fd))
			continue;
		else if (rc != -EINTR)
			break;
	}
	return done;
}

/*
 * A write to a pipe whose reader is gone, or over a file size limit, raises a signal that the
 * program would not have had. It is kept from it: blocked for the write, and taken if it came.
 */
static size_t write_quietly(int fd, const char *text, size_t len)
{
	const uint64_t quiet = UINT64_C(1) << (SIGPIPE - 1) | UINT64_C(1) << (SIGXFSZ - 1);
	const struct timespec no_time = { .tv_sec = 0 };
	uint64_t before, pending_before = 0, pending = 0;
	size_t done;

	spy_sys4(SYS_rt_sigprocmask, SIG_BLOCK, &quiet, &before, sizeof(before));
	spy_sys2(SYS_rt_sigpending, &pending_before, sizeof(pending_before));
	done = write_all(fd, text, len);
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

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static void write_lines(const char *text, size_t len)
{
	int fd = log_to.fd;
	size_t done = 0;

	if (fd >= 0) {
		/* After a torn line the next one starts on a line of its own, so that a reader loses one only. */
		if (log_to.torn && write_quietly(fd, "\n", 1) == 1)
			log_to.torn = false;
		if (!log_to.torn)
			done = log_to.plain_file ? write_all(fd, text, len) : 0;
		if (!log_to.torn && !log_to.plain_file)
			done = write_quietly(fd, text, len);
	}
	if (done == len)
		return;
	log_to.lost += count_lines(text + done, len - done);
	if (done && text[done - 1] != '\n')
		log_to.torn = true;
}

static void flush_locked(void)
{
	if (buffer.len)
		write_lines(buffer.data, buffer.len);
	buffer.len = 0;
}

void spy_writer_flush(void)
{
	struct spy_mask mask;

	if (!log_to.buffered)
		return;
	spy_mask_all(&mask);
	spy_lock_take(&buffer.lock);
	flush_locked();
	spy_lock_give(&buffer.lock);
	spy_mask_restore(&mask);
}

void spy_writer_put(const char *text, size_t len, bool at_once)
{
	struct spy_mask mask;

	if (!log_to.buffered) {
		write_lines(text, len);
		return;
	}
	spy_mask_all(&mask);
	spy_lock_take(&buffer.lock);
	if (buffer.len + len > BUFFER_SIZE)
		flush_locked();
	if (len > BUFFER_SIZE) {
		write_lines(text, len);
	} else {
		uint64_t now_ns = spy_clock_now();

		if (!buffer.len)
			buffer.oldest_ns = now_ns;
		memcpy(buffer.data + buffer.len, text, len);
		buffer.len += len;
		/* The watcher sees to the last line; where there is none, the next line does. */
		if (at_once || now_ns - buffer.oldest_ns > FLUSH_NS)
			flush_locked();
	}
	spy_lock_give(&buffer.lock);
	spy_mask_restore(&mask);
}

void spy_writer_complain(const char *text, size_t len)
{
	/* With a log file, descriptor 2 may be anything by now; the caller only complains while it starts. */
	write_quietly(STDERR, text, len);
}

uint64_t spy_writer_lost(void)
{
	return log_to.lost;
}

bool spy_writer_is_file(void)
{
	return log_to.template[0] != '\0';
}

int spy_writer_fd(void)
{
	return log_to.fd == STDERR ? -1 : log_to.fd;
}

void spy_writer_moved(int fd)
{
	log_to.fd = fd;
}

/* The path of a process's log: %p its pid, %e the program's name, %% a percent sign. */
static void expand_path(struct spy_buf *out, int32_t pid)
{
	for (const char *p = log_to.template; *p; p++) {
		if (*p != '%' || !p[1]) {
			spy_buf_char(out, *p);
			continue;
		}
		p++;
		if (*p == 'p')
			spy_buf_int(out, pid);
		else if (*p == 'e')
			spy_buf_str(out, log_to.program);
		else
			spy_buf_char(out, *p);
	}
}

/* Opens a log file for appending: 0600, never through a link. A descriptor kept out of the way, or -errno. */
static int open_log(const char *path, int extra)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	long fd = spy_sys4(SYS_openat, AT_FDCWD, path, flags | extra, 0600);

	return fd < 0 ? (int)fd : log_to.keep_fd((int)fd);
}

static bool use_template(int32_t pid, int extra, int *err)
{
	char path[PATH_ROOM];
	struct spy_buf buf = SPY_BUF(path);
	int fd;

	expand_path(&buf, pid);
	fd = buf.truncated ? -ENAMETOOLONG : open_log(spy_buf_cstr(&buf), extra);
	if (fd < 0) {
		*err = -fd;
		return false;
	}
	log_to.fd = fd;
	log_to.plain_file = is_plain_file(fd);
	return true;
}

/* Relative paths are made absolute now: a daemon changes its directory. */
static void set_template(const char *path)
{
	struct spy_buf buf = SPY_BUF(log_to.template);
	char directory[PATH_ROOM / 2];

	if (path[0] != '/' && spy_sys2(SYS_getcwd, directory, sizeof(directory)) > 0) {
		for (const char *p = directory; *p; p++) {
			spy_buf_char(&buf, *p);
			if (*p == '%')	/* The directory's own; see expand_path(). */
				spy_buf_char(&buf, '%');
		}
		spy_buf_char(&buf, '/');
	}
	spy_buf_str(&buf, path);
	spy_buf_cstr(&buf);
}

static void set_program(const char *program)
{
	struct spy_buf buf = SPY_BUF(log_to.program);

	for (; *program; program++)
		spy_buf_char(&buf, *program == '/' ? '_' : *program);
	spy_buf_cstr(&buf);
}

/* Where a log goes on that had no file. */
static bool open_fallback(int32_t pid, int *err)
{
	char path[64];
	struct spy_buf buf = SPY_BUF(path);

	/* This process's pid and no %p: what a daemon forks goes on in the file that was announced. */
	spy_buf_str(&buf, "/tmp/tcpwaitspy.");
	spy_buf_int(&buf, pid);
	spy_buf_str(&buf, ".log");
	set_template(spy_buf_cstr(&buf));
	if (use_template(pid, O_EXCL, err))
		return true;
	/* Left there by an earlier process with this pid: only a file of our own is appended to. */
	if (*err == EEXIST && use_template(pid, 0, err)) {
		struct statx st;

		if (ask_file(log_to.fd, &st) && S_ISREG(st.stx_mode) && (long)st.stx_uid == spy_sys0(SYS_geteuid))
			return true;
		log_to.drop_fd(log_to.fd);
	}
	log_to.template[0] = '\0';
	log_to.fd = -1;
	return false;
}

void spy_writer_open(const struct spy_writer_config *config, int32_t pid, struct spy_buf *complaints)
{
	int err = 0;

	log_to.keep_fd = config->keep_fd;
	log_to.drop_fd = config->drop_fd;
	log_to.buffered = config->buffered;
	set_program(config->program);
	if (strcmp(config->path, "stderr") != 0) {
		set_template(config->path);
		if (use_template(pid, 0, &err))
			return;
		log_to.template[0] = '\0';
		spy_buf_str(complaints, "tcpwaitspy: cannot open log \"");
		spy_buf_plain(complaints, config->path, strlen(config->path));
		spy_buf_str(complaints, "\": ");
		spy_buf_str(complaints, spy_errno_name(err) ? spy_errno_name(err) : "unknown error");
		spy_buf_str(complaints, "; a path to a file that can be written is valid; using stderr\n");
	}
	/* A closed descriptor 2 will be the program's next file: nothing of ours may land in that. */
	if (spy_sys2(SYS_fcntl, STDERR, F_GETFD) < 0) {
		open_fallback(pid, &err);
		return;
	}
	log_to.fd = STDERR;
	log_to.plain_file = is_plain_file(STDERR);
}

/* Opens the file that the log goes on in, and says so on what was stderr. */
static void move_to_file(int old_stderr)
{
	char room[PATH_ROOM + 128];
	struct spy_buf line = SPY_BUF(room);
	int32_t pid = spy_kernel_pid();
	int err = 0;

	if (open_fallback(pid, &err)) {
		spy_buf_str(&line, "==");
		spy_buf_int(&line, pid);
		spy_buf_str(&line, "== tcpwaitspy: the program gives up its stderr; the log goes on in ");
		expand_path(&line, pid);
	} else {
		spy_buf_str(&line, "tcpwaitspy: the program gives up its stderr, and no file could be opened for the log: ");
		spy_buf_str(&line, spy_errno_name(err) ? spy_errno_name(err) : "unknown error");
	}
	spy_buf_char(&line, '\n');
	write_quietly(old_stderr, line.data, line.len);
}

static int copy_stderr(void)
{
	long copy = spy_sys3(SYS_fcntl, STDERR, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -1 : log_to.keep_fd((int)copy);
}

void spy_writer_leave_stderr(bool announce)
{
	if (log_to.fd != STDERR)
		return;
	spy_writer_flush();
	if (announce) {
		move_to_file(STDERR);
		return;
	}
	log_to.left = true;
	log_to.fd = copy_stderr();
}

void spy_writer_needed(void)
{
	int copy = log_to.fd;

	if (!log_to.left)
		return;
	log_to.left = false;
	log_to.fd = -1;
	move_to_file(copy);
	if (copy >= 0)
		log_to.drop_fd(copy);
}

void spy_writer_keep_stderr(void)
{
	int copy;

	if (log_to.fd != STDERR)
		return;
	copy = copy_stderr();
	if (copy >= 0)
		log_to.fd = copy;
}

void spy_writer_stderr_replaced(int fd, bool announce)
{
	struct statx st;

	if (log_to.fd != STDERR || !ask_file(fd, &st))
		return;
	if (S_ISSOCK(st.stx_mode) || (S_ISCHR(st.stx_mode) && st.stx_rdev_major == 1 && st.stx_rdev_minor == 3))
		spy_writer_leave_stderr(announce);
	else
		log_to.plain_file = false;	/* What it is now is not known; the careful way serves all. */
}

void spy_writer_forked(int32_t pid)
{
	int old = log_to.fd, err = 0;

	spy_lock_reset(&buffer.lock);
	buffer.len = 0;
	if (!log_to.template[0] || !strstr(log_to.template, "%p"))
		return;
	/* After chroot() or setuid() the name may be out of reach: then the parent's file goes on. */
	if (use_template(pid, 0, &err) && old >= 0 && old != STDERR)
		log_to.drop_fd(old);
}
