/*
 * Threads inside calls; see inside.h.
 */
#include "inside.h"

#include "../observe/kernel.h"
#include "../observe/proc.h"
#include "../sys/sys.h"

#define THREADS 1024u /* further ones are not seen by the rules that ask about other threads */

static struct spy_inside threads[THREADS];
static _Atomic uint32_t threads_used;

__thread struct spy_inside *spy_inside_own __attribute__((tls_model("initial-exec")));

/* Of a thread for which there was no slot, so that it looks for one only once. */
static __thread struct spy_inside nowhere __attribute__((tls_model("initial-exec")));

static bool claim(uint32_t index, uint32_t was, uint32_t tid)
{
	uint32_t used;

	if (!atomic_compare_exchange_strong(&threads[index].tid, &was, tid))
		return false;
	used = threads_used;
	while (index >= used && !atomic_compare_exchange_weak(&threads_used, &used, index + 1))
		continue;
	threads[index].pid = spy_self_pid();
	spy_inside_own = &threads[index];
	return true;
}

/* A free slot, or one whose thread has ended. */
static void find_slot(uint32_t tid)
{
	int32_t pid = spy_self_pid();

	for (uint32_t i = 0; i < THREADS; i++)
		if (!threads[i].tid && claim(i, 0, tid))
			return;
	for (uint32_t i = 0; i < THREADS; i++) {
		uint32_t other = threads[i].tid;

		if (spy_sys3(SYS_tgkill, pid, other, 0) == -ESRCH && claim(i, other, tid))
			return;
	}
	nowhere.pid = pid;
	spy_inside_own = &nowhere;
}

struct spy_inside *spy_inside_begin(void)
{
	/* A child that no handler of fork() heard of asks for its pid each time, until its first section. */
	if (spy_inside_own && spy_inside_own->pid == spy_self_pid())
		return spy_inside_own;
	spy_inside_own = NULL;
	find_slot(spy_self_tid());
	return spy_inside_own;
}

bool spy_inside_self(struct spy_call *call)
{
	const struct spy_inside *own = spy_inside_own;

	if (!own || own->pid != spy_self_pid() || !own->conn_id)
		return false;
	spy_enter_new(call, own->id, own->fd, own->caller);
	call->slot = own->slot;
	call->conn = spy_table_conn(&spy_core.table, own->slot);
	call->conn_id = own->conn_id;
	return true;
}

/* /proc/PID/task/TID/syscall: "NUMBER ARG0 ..." in hexadecimal while it is blocked, else "running" (proc(5)). */
static bool is_blocked_on(uint32_t tid, int fd)
{
	char path[64], text[128], wanted[24] = "";
	struct spy_buf path_buf = SPY_BUF(path), wanted_buf = SPY_BUF(wanted);
	const char *p = text;

	spy_buf_str(&path_buf, "/proc/self/task/");
	spy_buf_uint(&path_buf, tid);
	spy_buf_str(&path_buf, "/syscall");
	spy_buf_str(&wanted_buf, " 0x");
	spy_buf_hex(&wanted_buf, (uint64_t)fd);
	spy_buf_char(&wanted_buf, ' ');
	if (!spy_proc_read(spy_buf_cstr(&path_buf), text, sizeof(text)) || *p < '0' || *p > '9')
		return false;
	while (*p >= '0' && *p <= '9')
		p++;
	for (size_t i = 0; i < wanted_buf.len; i++)
		if (p[i] != wanted[i])
			return false;
	return true;
}

uint32_t spy_inside_other(const struct spy_conn *conn, int fd)
{
	uint32_t id = conn->id;

	for (uint32_t i = 0; i < threads_used; i++) {
		uint32_t tid = threads[i].tid;

		if (threads[i].conn_id == id && tid && &threads[i] != spy_inside_own && threads[i].fd == fd &&
		    is_blocked_on(tid, fd))
			return tid;
	}
	return 0;
}

void spy_inside_forked(void)
{
	spy_inside_own = NULL;
	for (uint32_t i = 0; i < threads_used; i++) {
		threads[i].tid = 0;
		threads[i].conn_id = 0;
	}
	threads_used = 0;
}
