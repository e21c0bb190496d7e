/*
 * The state that the shim shares above the core; see spy.h.
 */
#include "spy.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "../observe/kernel.h"
#include "../sys/sys.h"

struct spy_core spy_core;
struct spy_options spy_options;
_Atomic bool spy_on;

static struct spy_lock core_lock;

/* Room for one report at a time when there is no more to be had. */
static struct {
	void *room;
	size_t size;
	_Atomic bool taken;
} reserve;

static struct spy_identity fallback_identity;
struct spy_identity *spy_identity = &fallback_identity;

__thread struct spy_self spy_self __attribute__((tls_model("initial-exec")));

void spy_core_lock(void)
{
	spy_lock_take(&core_lock);
}

void spy_core_unlock(void)
{
	spy_lock_give(&core_lock);
}

void spy_quiet_enter(struct spy_section *section)
{
	spy_mask_all(&section->mask);
	if (!spy_identity->pid) {
		/* A fork's child: whoever held the lock is not in this process. */
		bool was_in_section = core_lock.word != 0;

		spy_lock_reset(&core_lock);
		spy_fork_child(was_in_section);
	}
}

void spy_quiet_leave(struct spy_section *section)
{
	spy_mask_restore(&section->mask);
}

void spy_section_enter(struct spy_section *section)
{
	spy_quiet_enter(section);
	spy_core_lock();
}

void spy_section_leave(struct spy_section *section)
{
	spy_core_unlock();
	spy_quiet_leave(section);
}

void spy_identity_init(void)
{
	void *page = spy_memory_take(sizeof(struct spy_identity));

	if (page) {
		madvise(page, sizeof(struct spy_identity), MADV_WIPEONFORK);
		spy_identity = page;
	}
	spy_identity->pid = spy_kernel_pid();
}

void spy_identity_forked(void)
{
	int32_t pid = spy_kernel_pid();

	spy_identity->pid = pid > 0 ? pid : 1;
	spy_self.pid = 0;
}

int32_t spy_self_pid(void)
{
	return spy_identity->pid ? spy_identity->pid : spy_kernel_pid();
}

uint32_t spy_self_tid_ask(void)
{
	int32_t pid = spy_self_pid();

	if (spy_self.pid != pid) {
		int32_t tid = (int32_t)spy_kernel_tid();

		/* In a vfork child: this memory is the parent's thread's, which has another number. */
		if (spy_in_vfork_child())
			return (uint32_t)tid;
		spy_self.tid = (uint32_t)(tid > 0 ? tid : pid);
		spy_self.pid = pid;
	}
	return spy_self.tid;
}

bool spy_in_vfork_child(void)
{
	int32_t pid = spy_kernel_pid();

	/* A filter may keep the answer from us; who has put one on makes no vfork children. */
	return spy_identity->pid && pid > 0 && pid != spy_identity->pid;
}

static long first_session;

void spy_daemon_init(void)
{
	first_session = spy_sys1(SYS_getsid, 0);
}

bool spy_left_session(void)
{
	return spy_sys1(SYS_getsid, 0) != first_session;
}

bool spy_stderr_matters(void)
{
	return spy_core.table.used || spy_left_session();
}

void *spy_memory_take(size_t size)
{
	int saved = errno;
	void *memory;

	if (!spy_sandbox_allows_number(SPY_SYS_MMAP))
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	errno = saved;
	return memory == MAP_FAILED ? NULL : memory;
}

void spy_room_reserve(size_t size)
{
	if (!reserve.room) {
		reserve.room = spy_memory_take(size);
		reserve.size = size;
	}
}

void *spy_room_take(size_t size)
{
	void *room = spy_memory_take(size);

	if (!room && reserve.room && size <= reserve.size && !atomic_exchange(&reserve.taken, true)) {
		memset(reserve.room, 0, size);
		return reserve.room;
	}
	return room;
}

void spy_room_give(void *room, size_t size)
{
	int saved = errno;

	if (room && room == reserve.room)
		reserve.taken = false;
	else if (room)
		munmap(room, size);
	errno = saved;
}
