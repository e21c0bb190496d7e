/*
 * Reading /proc; see proc.h.
 */
#include "proc.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include "../spell/buf.h"
#include "../sys/apart.h"
#include "../sys/sys.h"

/* As the kernel writes it for getdents64(2). */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

/* The number that a name of /proc is, -1 for other names. */
static int32_t number_of(const char *name)
{
	int32_t number = 0;

	if (!*name)
		return -1;
	for (; *name; name++) {
		if (*name < '0' || *name > '9' || number > (INT32_MAX - 9) / 10)
			return -1;
		number = number * 10 + (*name - '0');
	}
	return number;
}

/* Calls each(number, data) for the numeric names in a directory until it returns false. */
static void each_number(const char *path, bool (*each)(int dir, int32_t number, void *data), void *data)
{
	char room[2048] __attribute__((aligned(8)));
	long dir = spy_sys3(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool more = dir >= 0;

	while (more) {
		long len = spy_sys3(SYS_getdents64, dir, room, sizeof(room));

		more = len > 0;
		for (long at = 0; more && at < len;) {
			const struct entry *entry = (const struct entry *)(const void *)(room + at);
			int32_t number = number_of(entry->name);

			at += entry->len;
			if (number >= 0)
				more = each((int)dir, number, data);
		}
	}
	if (dir >= 0)
		spy_sys1(SYS_close, dir);
}

struct fd_visitor {
	void (*each)(int fd, void *data);
	void *data;
};

static bool visit_fd(int dir, int32_t fd, void *data)
{
	const struct fd_visitor *visitor = data;

	if (fd != dir)
		visitor->each((int)fd, visitor->data);
	return true;
}

void spy_proc_each_fd(void (*each)(int fd, void *data), void *data)
{
	struct fd_visitor visitor = {each, data};

	each_number("/proc/self/fd", visit_fd, &visitor);
}

struct thread_visitor {
	bool (*each)(int32_t tid, void *data);
	void *data;
};

static bool visit_tid(int dir, int32_t tid, void *data)
{
	const struct thread_visitor *visitor = data;

	(void)dir;
	return visitor->each(tid, visitor->data);
}

void spy_proc_each_thread(bool (*each)(int32_t tid, void *data), void *data)
{
	struct thread_visitor visitor = {each, data};

	each_number("/proc/self/task", visit_tid, &visitor);
}

struct inode_search {
	char wanted[32]; /* "socket:[12345]" */
	int32_t pid;
	int32_t fd;
	int32_t skip_pid;
	bool found;
};

static bool visit_link(int dir, int32_t fd, void *data)
{
	struct inode_search *search = data;
	char name[16], target[32];
	struct spy_buf buf = SPY_BUF(name);
	long len;

	spy_buf_int(&buf, fd);
	len = spy_sys4(SYS_readlinkat, dir, spy_buf_cstr(&buf), target, sizeof(target) - 1);
	if (len <= 0)
		return true;
	target[len] = '\0';
	search->found = strcmp(target, search->wanted) == 0;
	search->fd = fd;
	return !search->found;
}

static bool visit_process(int dir, int32_t pid, void *data)
{
	struct inode_search *search = data;
	char path[32];
	struct spy_buf buf = SPY_BUF(path);

	(void)dir;
	if (pid == search->skip_pid)
		return true;
	spy_buf_str(&buf, "/proc/");
	spy_buf_int(&buf, pid);
	spy_buf_str(&buf, "/fd");
	each_number(spy_buf_cstr(&buf), visit_link, search);
	search->pid = pid;
	return !search->found;
}

size_t spy_proc_read(const char *path, char *text, size_t size)
{
	long fd = spy_sys3(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	size_t total = 0;

	while (fd >= 0 && total < size - 1) {
		long got = spy_sys3(SYS_read, fd, text + total, size - 1 - total);

		if (got <= 0)
			break;
		total += (size_t)got;
	}
	if (fd >= 0)
		spy_sys1(SYS_close, fd);
	text[total] = '\0';
	return total;
}

static void read_name(int32_t pid, char name[16])
{
	char path[32];
	struct spy_buf buf = SPY_BUF(path);
	size_t len;

	spy_buf_str(&buf, "/proc/");
	spy_buf_int(&buf, pid);
	spy_buf_str(&buf, "/comm");
	len = spy_proc_read(spy_buf_cstr(&buf), name, 16);
	if (len && name[len - 1] == '\n')
		name[len - 1] = '\0';
}

struct holder_search {
	struct inode_search inode;
	struct spy_holder *holder;
};

static void search_processes(void *data)
{
	struct holder_search *search = data;
	struct spy_holder *holder = search->holder;

	each_number("/proc", visit_process, &search->inode);
	if (!search->inode.found)
		return;
	holder->pid = search->inode.pid;
	holder->fd = search->inode.fd;
	read_name(holder->pid, holder->name);
}

void spy_proc_find_inode(uint64_t inode, bool others_only, struct spy_holder *holder)
{
	struct holder_search search = {
		.inode.skip_pid = others_only ? (int32_t)spy_sys0(SYS_getpid) : 0,
		.holder = holder,
	};
	struct spy_buf buf = SPY_BUF(search.inode.wanted);

	spy_buf_str(&buf, "socket:[");
	spy_buf_uint(&buf, inode);
	spy_buf_str(&buf, "]");
	spy_buf_cstr(&buf);
	*holder = (struct spy_holder){.pid = 0};
	/* It may take long, and has two descriptors open all the while. */
	spy_apart_or_here(search_processes, &search);
}
