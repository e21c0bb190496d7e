/*
 * Where the log goes; see target.h.
 */
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../observe/kernel.h"
#include "../spell/spell.h"
#include "../sys/lock.h"
#include "../sys/sys.h"
#include "output.h"
#include "path.h"

#define STDERR 2

static struct {
	_Atomic int fd; /* STDERR, the shim's own descriptor, or -1 for nowhere */
	bool plain_file; /* a regular file: a write neither waits nor raises SIGPIPE */
	struct spy_path path; /* none while the log is stderr */
	int (*keep_fd)(int fd);
	void (*drop_fd)(int fd);
	struct spy_lock parking;
	_Atomic bool parked; /* the file is closed; fd is -1 until somebody needs it */
	int32_t pid; /* the one in the file's name */
	bool in_doubt; /* parked, and could not be opened: what to do about it is left to the first who needs it */
	bool left; /* stderr is given up, and fd is a copy of it until a file is needed */
	uint64_t stderr_device; /* what stderr was at the start */
	uint64_t stderr_inode;
} log_to = {.fd = STDERR};

/* statx(2) has one layout on every architecture, which fstat(2) has not. */
static bool ask_file(int fd, struct statx *st)
{
	return spy_sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_UID | STATX_INO, st) == 0;
}

static bool is_plain_file(int fd)
{
	struct statx st;

	return ask_file(fd, &st) && S_ISREG(st.stx_mode);
}

static void note_stderr(void)
{
	struct statx st;

	if (!ask_file(STDERR, &st))
		return;
	log_to.stderr_device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	log_to.stderr_inode = st.stx_ino;
}

/* True while descriptor 2 is what it was at the start: with a log file of its own the shim follows it no further. */
static bool is_first_stderr(void)
{
	struct statx st;

	return ask_file(STDERR, &st) && st.stx_ino && st.stx_ino == log_to.stderr_inode &&
	       ((uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor) == log_to.stderr_device;
}

static void say_on(int fd, const char *text, size_t len)
{
	int err;

	spy_output_quietly(fd, text, len, &err);
}

void spy_target_complain(const char *text, size_t len)
{
	if (is_first_stderr())
		say_on(STDERR, text, len);
}

bool spy_target_take_back(size_t done)
{
	int fd = log_to.fd;
	struct statx st;
	long end;

	if (fd < 0 || !is_plain_file(fd))
		return false;
	end = spy_sys3(SYS_lseek, fd, 0, SEEK_CUR);
	if (end < (long)done || spy_sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &st) != 0 ||
	    (uint64_t)end != st.stx_size)
		return false;
	return spy_sys2(SYS_ftruncate, fd, end - (long)done) == 0;
}

void spy_target_careful(void)
{
	log_to.plain_file = false;
}

const char *spy_target_name(void)
{
	return log_to.path.template[0] ? log_to.path.template : "stderr";
}

bool spy_target_is_file(void)
{
	return log_to.path.template[0] != '\0' && !log_to.in_doubt;
}

int spy_target_fd(void)
{
	return log_to.fd == STDERR ? -1 : log_to.fd;
}

void spy_target_moved(int fd)
{
	log_to.fd = fd;
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
	char path[SPY_PATH_ROOM];
	struct spy_buf buf = SPY_BUF(path);
	int fd;

	spy_path_expand(&log_to.path, pid, &buf);
	fd = buf.truncated ? -ENAMETOOLONG : open_log(spy_buf_cstr(&buf), extra);
	if (fd < 0) {
		*err = -fd;
		return false;
	}
	log_to.fd = fd;
	log_to.pid = pid;
	log_to.plain_file = is_plain_file(fd) && !spy_output_note_limit();
	return true;
}

void spy_target_park(void)
{
	int fd = log_to.fd;

	/* A pipe's reader would take it for the end, and what is no file may not be there twice. */
	if (!spy_target_is_file() || fd < 0 || !is_plain_file(fd))
		return;
	log_to.fd = -1;
	log_to.parked = true;
	log_to.drop_fd(fd);
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
	spy_path_set(&log_to.path, spy_buf_cstr(&buf));
	if (use_template(pid, O_EXCL, err))
		return true;
	/* Left there by an earlier process with this pid: only a file of our own is appended to. */
	if (*err == EEXIST && use_template(pid, 0, err)) {
		struct statx st;

		if (ask_file(log_to.fd, &st) && S_ISREG(st.stx_mode) && st.stx_uid == spy_kernel_euid())
			return true;
		log_to.drop_fd(log_to.fd);
	}
	log_to.path.template[0] = '\0';
	log_to.fd = -1;
	return false;
}

static void complain_of(const char *path, int err, struct spy_buf *complaints)
{
	spy_buf_str(complaints, "tcpwaitspy: cannot open log \"");
	spy_buf_plain(complaints, path, strlen(path));
	spy_buf_str(complaints, "\": ");
	spy_put_error(complaints, err);
	spy_buf_str(complaints, "; a path to a file that can be written is valid; using stderr\n");
}

/* A closed descriptor 2 will be the program's next file: nothing of ours may land in that. */
static void use_stderr(int32_t pid, bool is_there)
{
	int err = 0;

	log_to.path.template[0] = '\0';
	if (!is_there) {
		open_fallback(pid, &err);
		return;
	}
	log_to.fd = STDERR;
	log_to.plain_file = is_plain_file(STDERR) && !spy_output_note_limit();
}

/* What was put off when the log could not be opened: this process has something to say after all. */
static void end_doubt(int why)
{
	char room[SPY_PATH_ROOM + 160];
	struct spy_buf line = SPY_BUF(room);

	complain_of(log_to.path.template, why, &line);
	spy_target_complain(line.data, line.len);
	use_stderr(log_to.pid, is_first_stderr());
}

/* 0, or why the file could not be opened again. */
static int unpark(void)
{
	struct spy_mask mask;
	int err = 0;

	if (!log_to.parked)
		return 0;
	spy_mask_all(&mask);
	spy_lock_take(&log_to.parking);
	if (log_to.parked && use_template(log_to.pid, 0, &err)) {
		log_to.parked = false;
	} else if (log_to.parked && log_to.in_doubt) {
		log_to.parked = false;
		end_doubt(err);
		err = 0;
	}
	log_to.in_doubt = false;
	spy_lock_give(&log_to.parking);
	spy_mask_restore(&mask);
	return err;
}

void spy_target_unpark(void)
{
	unpark();
}

size_t spy_target_write(const char *text, size_t len, int *err)
{
	int why = unpark();
	int fd = log_to.fd;

	*err = why ? why : EBADF;
	if (fd < 0)
		return 0;
	return log_to.plain_file ? spy_output_plain(fd, text, len, err) : spy_output_quietly(fd, text, len, err);
}

/* There is a file under this process's own number. */
static bool is_left_by_this_process(int32_t pid)
{
	char path[SPY_PATH_ROOM];
	struct spy_buf buf = SPY_BUF(path);

	if (!spy_path_has_pid(&log_to.path))
		return false;
	spy_path_expand(&log_to.path, pid, &buf);
	return !buf.truncated && spy_sys4(SYS_faccessat, AT_FDCWD, spy_buf_cstr(&buf), F_OK, 0) == 0;
}

void spy_target_open(const struct spy_target_config *config, int32_t pid, struct spy_buf *complaints)
{
	int err = 0;

	log_to.keep_fd = config->keep_fd;
	log_to.drop_fd = config->drop_fd;
	note_stderr();
	spy_path_set_program(&log_to.path, config->program);
	if (strcmp(config->path, "stderr") != 0) {
		spy_path_set(&log_to.path, config->path);
		if (use_template(pid, 0, &err))
			return;
		if (err == EACCES && is_left_by_this_process(pid)) {
			log_to.parked = log_to.in_doubt = true;
			log_to.pid = pid;
			return;
		}
		complain_of(config->path, err, complaints);
	}
	use_stderr(pid, spy_sys2(SYS_fcntl, STDERR, F_GETFD) >= 0);
}

/* Opens the file that the log goes on in, and says so on what was stderr. */
static void move_to_file(int old_stderr)
{
	char room[SPY_PATH_ROOM + 128];
	struct spy_buf line = SPY_BUF(room);
	int32_t pid = spy_kernel_pid();
	int err = 0;

	if (open_fallback(pid, &err)) {
		spy_buf_str(&line, "==");
		spy_buf_int(&line, pid);
		spy_buf_str(&line, "== tcpwaitspy: the program gives up its stderr; the log goes on in ");
		spy_path_expand(&log_to.path, pid, &line);
	} else {
		spy_buf_str(&line,
			    "tcpwaitspy: the program gives up its stderr, and no file could be opened for the log: ");
		spy_put_error(&line, err);
	}
	spy_buf_char(&line, '\n');
	if (old_stderr >= 0)
		say_on(old_stderr, line.data, line.len);
}

static int copy_stderr(void)
{
	long copy = spy_sys3(SYS_fcntl, STDERR, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -1 : log_to.keep_fd((int)copy);
}

void spy_target_leave_stderr(bool announce)
{
	if (log_to.fd != STDERR)
		return;
	if (announce) {
		move_to_file(STDERR);
		return;
	}
	/* No copy is kept: whoever reads that pipe waits for its end. */
	log_to.left = true;
	log_to.fd = -1;
}

void spy_target_needed(void)
{
	unpark();
	if (!log_to.left)
		return;
	log_to.left = false;
	move_to_file(-1);
}

void spy_target_keep_stderr(void)
{
	int copy;

	if (log_to.fd != STDERR)
		return;
	copy = copy_stderr();
	if (copy >= 0)
		log_to.fd = copy;
}

void spy_target_stderr_replaced(int fd, bool announce)
{
	struct statx st;

	if (log_to.fd != STDERR || !ask_file(fd, &st))
		return;
	if (S_ISSOCK(st.stx_mode) || (S_ISCHR(st.stx_mode) && st.stx_rdev_major == 1 && st.stx_rdev_minor == 3))
		spy_target_leave_stderr(announce);
	else
		log_to.plain_file = false; /* What it is now is not known; the careful way serves all. */
}

void spy_target_hand_over(uint32_t uid)
{
	int fd = log_to.fd;
	struct statx st;

	if (fd < 0 || fd == STDERR || !spy_path_has_pid(&log_to.path) || spy_kernel_euid() != 0)
		return;
	/* Our own file, that nobody has put there under a second name. */
	if (spy_sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_UID | STATX_NLINK, &st) != 0 ||
	    !S_ISREG(st.stx_mode) || st.stx_uid != 0 || st.stx_nlink != 1)
		return;
	spy_sys(SYS_fchownat, fd, "", uid, -1, AT_EMPTY_PATH);
}

void spy_target_forked(int32_t pid)
{
	int old = log_to.fd, err = 0;

	spy_lock_reset(&log_to.parking);
	if (!spy_path_has_pid(&log_to.path))
		return;
	if (log_to.parked) {
		log_to.pid = pid;
		return;
	}
	/* After chroot() or setuid() the name may be out of reach: then the parent's file goes on. */
	if (use_template(pid, 0, &err) && old >= 0 && old != STDERR)
		log_to.drop_fd(old);
}
