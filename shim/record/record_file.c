/*
 * Opening and making the file of a flight record; see record_file.h.
 */
#include "record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../observe/kernel.h"
#include "../sink/path.h"
#include "../spell/buf.h"
#include "../sys/sandbox.h"
#include "../sys/sys.h"
#include "ring.h"

#define ZEROS	 65536u
#define ATTEMPTS 3

static bool is_over_limit(uint64_t size)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur;
}

/*
 * Zeros for a file system that reserves nothing by itself. Only for a new file: what is there of
 * an older one stays, and was written in this way before.
 */
static int write_zeros(int fd, uint64_t size)
{
	void *zeros = mmap(NULL, ZEROS, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rc = zeros == MAP_FAILED ? -ENOMEM : 0;

	while (rc == 0 && size) {
		long done = spy_sys3(SYS_write, fd, zeros, size < ZEROS ? size : ZEROS);

		if (done > 0)
			size -= (uint64_t)done;
		else if (done != -EINTR)
			rc = done ? (int)done : -ENOSPC;
	}
	if (zeros != MAP_FAILED)
		munmap(zeros, ZEROS);
	return rc;
}

/* Reserves the space of the whole file, which has that size then. 0 or -errno. */
static int reserve(int fd, uint64_t size, bool is_new)
{
	long rc = -EOPNOTSUPP;

#if __SIZEOF_LONG__ == 8 /* Elsewhere it has more arguments than spy_sys5() takes. */
	do
		rc = spy_sys4(SYS_fallocate, fd, 0, 0, size);
	while (rc == -EINTR);
#endif
	if (rc != -EOPNOTSUPP && rc != -ENOSYS && rc != -EPERM)
		return (int)rc;
	return is_new ? write_zeros(fd, size) : 0;
}

static void *map(int fd, uint64_t size, int *err)
{
	void *memory = MAP_FAILED;

	if ((uint64_t)(size_t)size == size)
		memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	else
		errno = EOVERFLOW;
	if (memory != MAP_FAILED)
		return memory;
	*err = errno;
	return NULL;
}

static const char *judge(int fd, const struct statx *st)
{
	static char head[SPY_RECORD_HEADER_SIZE], scratch[SPY_RECORD_HEADER_SIZE];
	long len;

	if (!S_ISREG(st->stx_mode))
		return "it is no regular file";
	/* Whoever owns it could cut it short while it is mapped. */
	if (st->stx_uid != spy_kernel_euid())
		return "it belongs to another user";
	len = spy_sys3(SYS_read, fd, head, sizeof(head));
	switch (spy_ring_check(head, len > 0 ? (size_t)len : 0, st->stx_size, scratch)) {
	case SPY_RING_FOREIGN:
		return "something else is there, which is no flight record";
	case SPY_RING_OTHER:
		return "a record of another version or build of tcpwaitspy is there";
	case SPY_RING_DAMAGED:
		return "a damaged record is there";
	default:
		return NULL;
	}
}

/* Goes on with what is there. err is ENOENT where nothing is. */
static struct spy_record_map map_old(const char *path)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	long fd = spy_sys4(SYS_openat, AT_FDCWD, path, flags, 0);
	struct spy_record_map made = {.memory = NULL};
	struct statx st;
	long rc;

	if (fd < 0) {
		made.err = (int)-fd;
		return made;
	}
	rc = spy_sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_UID | STATX_SIZE, &st);
	if (rc == 0) {
		made.size = st.stx_size;
		made.why = judge((int)fd, &st);
		/* A copy may have holes. */
		if (!made.why)
			rc = reserve((int)fd, st.stx_size, false);
	}
	made.err = (int)-rc;
	if (!made.why && !made.err)
		made.memory = map((int)fd, st.stx_size, &made.err);
	spy_sys1(SYS_close, fd);
	return made;
}

/* Gives a finished file its name, which nobody else must have taken. 0 or -errno. */
static int put_name(const char *temporary, const char *path)
{
	long rc = spy_sys(SYS_renameat2, AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE);

	if (rc != -EINVAL && rc != -ENOSYS)
		return (int)rc;
	rc = spy_sys(SYS_linkat, AT_FDCWD, temporary, AT_FDCWD, path, 0);
	if (rc == 0)
		spy_sys3(SYS_unlinkat, AT_FDCWD, temporary, 0);
	return (int)rc;
}

static long create(const char *temporary)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	long fd = spy_sys4(SYS_openat, AT_FDCWD, temporary, flags, 0600);

	/* Left by an earlier process of this pid, which died over it. */
	if (fd == -EEXIST && spy_sys3(SYS_unlinkat, AT_FDCWD, temporary, 0) == 0)
		fd = spy_sys4(SYS_openat, AT_FDCWD, temporary, flags, 0600);
	return fd;
}

/* err is EEXIST where another process was faster. */
static struct spy_record_map map_new(const char *path, int32_t pid, uint64_t size)
{
	static char room[SPY_PATH_ROOM];
	struct spy_buf temporary = SPY_BUF(room);
	uint64_t slots = spy_ring_slots(size);
	struct spy_record_map made = {.size = SPY_RECORD_HEADER_SIZE + slots * SPY_RECORD_SLOT_SIZE};
	long fd;

	spy_buf_str(&temporary, path);
	spy_buf_char(&temporary, '.');
	spy_buf_int(&temporary, pid);
	spy_buf_str(&temporary, ".new");
	spy_buf_cstr(&temporary);
	if (is_over_limit(made.size)) {
		made.why = "record_size is over the limit on the size of files (setrlimit)";
		return made;
	}
	fd = temporary.truncated ? -ENAMETOOLONG : create(temporary.data);
	if (fd < 0) {
		made.err = (int)-fd;
		return made;
	}
	made.err = -reserve((int)fd, made.size, true);
	if (!made.err)
		made.memory = map((int)fd, made.size, &made.err);
	spy_sys1(SYS_close, fd);
	if (made.memory) {
		spy_ring_format(made.memory, slots, spy_clock_wall());
		made.err = -put_name(temporary.data, path);
	}
	if (made.err) {
		spy_sys3(SYS_unlinkat, AT_FDCWD, temporary.data, 0);
		if (made.memory)
			munmap(made.memory, (size_t)made.size);
		made.memory = NULL;
	}
	return made;
}

struct spy_record_map spy_record_map(const char *path, int32_t pid, uint64_t size)
{
	struct spy_record_map made = {.err = ENOENT};
	int saved = errno;

	/* Making a mapping is more calls than a filter has to let through. */
	if (spy_sandboxed)
		return (struct spy_record_map){.err = EPERM};
	for (int i = 0; i < ATTEMPTS; i++) {
		made = map_old(path);
		if (made.err != ENOENT)
			break;
		made = map_new(path, pid, size);
		if (made.err != EEXIST)
			break;
	}
	errno = saved;
	return made;
}
