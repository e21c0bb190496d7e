/*
 * Threads that wait in poll() or select(); see waiters.h.
 */
#include "waiters.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/select.h>
#include <sys/uio.h>

#include "../spell/buf.h"
#include "../sys/apart.h"
#include "../sys/sys.h"
#include "proc.h"

#define POLLED 256u /* of so many descriptors of one poll(), the first are looked at */
#define ARGS   4u

struct search {
	int fd;
	long memory; /* /proc/self/mem */
	uint32_t tid;
};

/* A thread's call as /proc/self/task/TID/syscall has it: "NUMBER 0xARG0 0xARG1 ..." while it is blocked (proc(5)). */
struct blocked {
	long number;
	uint64_t arg[ARGS];
};

static uint64_t read_hex(const char **p)
{
	uint64_t value = 0;

	while (**p == ' ')
		(*p)++;
	if ((*p)[0] == '0' && (*p)[1] == 'x')
		*p += 2;
	for (;; (*p)++) {
		if (**p >= '0' && **p <= '9')
			value = value * 16 + (uint64_t)(**p - '0');
		else if (**p >= 'a' && **p <= 'f')
			value = value * 16 + (uint64_t)(**p - 'a' + 10);
		else
			return value;
	}
}

static bool read_blocked(int32_t tid, struct blocked *blocked)
{
	char path[64], text[256];
	struct spy_buf buf = SPY_BUF(path);
	const char *p = text;

	spy_buf_str(&buf, "/proc/self/task/");
	spy_buf_int(&buf, tid);
	spy_buf_str(&buf, "/syscall");
	if (!spy_proc_read(spy_buf_cstr(&buf), text, sizeof(text)) || *p < '0' || *p > '9')
		return false;
	for (blocked->number = 0; *p >= '0' && *p <= '9'; p++)
		blocked->number = blocked->number * 10 + (*p - '0');
	for (unsigned int i = 0; i < ARGS; i++)
		blocked->arg[i] = read_hex(&p);
	return true;
}

static bool is_poll(long number)
{
#ifdef SYS_poll
	if (number == SYS_poll)
		return true;
#endif
#ifdef SYS_ppoll_time64
	if (number == SYS_ppoll_time64)
		return true;
#endif
	return number == SYS_ppoll;
}

static bool is_select(long number)
{
#ifdef SYS_select
	if (number == SYS_select)
		return true;
#endif
#ifdef SYS__newselect
	if (number == SYS__newselect)
		return true;
#endif
#ifdef SYS_pselect6_time64
	if (number == SYS_pselect6_time64)
		return true;
#endif
	return number == SYS_pselect6;
}

/* The thread may return, and its stack go, at any time: the kernel reads, and says so. The number of bytes, or less. */
static long read_memory(const struct search *search, uint64_t address, void *to, size_t len)
{
	struct iovec iov = {.iov_base = to, .iov_len = len};

	return spy_sys(SYS_preadv, search->memory, &iov, 1, (unsigned long)address, 0);
}

static bool polls(const struct search *search, const struct blocked *blocked)
{
	struct pollfd fds[POLLED];
	uint64_t count = blocked->arg[1] < POLLED ? blocked->arg[1] : POLLED;
	long got = read_memory(search, blocked->arg[0], fds, count * sizeof(fds[0]));

	for (long i = 0; i < got / (long)sizeof(fds[0]); i++)
		if (fds[i].fd == search->fd)
			return true;
	return false;
}

static bool selects(const struct search *search, const struct blocked *blocked)
{
	const unsigned int bits = 8 * sizeof(unsigned long);
	unsigned int at = (unsigned int)search->fd / bits;
	unsigned long word;

	if ((uint64_t)search->fd >= blocked->arg[0])
		return false;
	for (unsigned int set = 1; set <= 3; set++)
		if (blocked->arg[set] &&
		    read_memory(search, blocked->arg[set] + at * sizeof(word), &word, sizeof(word)) == sizeof(word) &&
		    (word >> ((unsigned int)search->fd % bits) & 1))
			return true;
	return false;
}

static bool visit_thread(int32_t tid, void *data)
{
	struct search *search = data;
	struct blocked blocked;

	if (!read_blocked(tid, &blocked))
		return true;
	if ((is_poll(blocked.number) && polls(search, &blocked)) ||
	    (is_select(blocked.number) && selects(search, &blocked)))
		search->tid = (uint32_t)tid;
	return !search->tid;
}

static void search_threads(void *data)
{
	struct search *search = data;

	search->memory = spy_sys3(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDONLY | O_CLOEXEC);
	if (search->memory < 0)
		return;
	spy_proc_each_thread(visit_thread, search);
	spy_sys1(SYS_close, search->memory);
}

uint32_t spy_waiters_find(int fd)
{
	struct search search = {.fd = fd};

	spy_apart_or_here(search_threads, &search);
	return search.tid;
}
