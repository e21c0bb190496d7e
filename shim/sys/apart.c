/*
 * Work apart; see apart.h.
 */
#include "apart.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#include "sys.h"

#define STACK_SIZE ((size_t)64 * 1024)
#define ROOM	   8 /* descriptors given up in the other table */

/*
 * As a thread of libc's is, since valgrind knows no other; it has a working directory and files of its own as the
 * first thing that it does. The kernel clears a word when it has ended.
 */
#define FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID)

/* Of close_range(2); by number, since the headers of older libcs do not have it. */
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif

struct job {
	void (*work)(void *data);
	void *data;
	int directory; /* -1: as it is */
	bool done;
};

/* The table is shared until it is given up, so that nothing of it is copied, nor closed at the end. */
static bool have_own_table(void)
{
	if (spy_sys3(SYS_close_range, 0, ~0U, CLOSE_RANGE_UNSHARE) == 0)
		return true;
	/* Before Linux 5.9: a copy, in which the lowest descriptors make room. */
	if (spy_sys1(SYS_unshare, CLONE_FILES) != 0)
		return false;
	for (int fd = 0; fd < ROOM; fd++)
		spy_sys1(SYS_close, fd);
	return true;
}

static int run(void *argument)
{
	struct job *job = argument;
	bool has_own_directory = spy_sys1(SYS_unshare, CLONE_FS) == 0;
	bool is_there = job->directory < 0 || (has_own_directory && spy_sys1(SYS_fchdir, job->directory) == 0);

	if (is_there && have_own_table()) {
		job->work(job->data);
		job->done = true;
	}
	spy_sys1(SYS_exit, 0);
	return 0;
}

/* Filters look at clone()'s flags, which tell threads from processes. */
static bool is_allowed(void)
{
	const uint64_t clone_args[6] = {FLAGS};

	return !spy_sandboxed ||
	       (spy_sandbox_allows(SYS_clone, clone_args) && spy_sandbox_allows_number(SPY_SYS_MMAP) &&
		spy_sandbox_allows_number(SYS_munmap) && spy_sandbox_allows_number(SYS_exit));
}

bool spy_apart_run_bare(void (*work)(void *data), void *data, int directory)
{
	struct job job = {.work = work, .data = data, .directory = directory};
	_Atomic int running = 1;
	int saved = errno;
	void *stack;

	if (!is_allowed())
		return false;
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack != MAP_FAILED) {
		/* The kernel's wake-up is for a futex that may be shared. */
		if (clone(run, (char *)stack + STACK_SIZE, FLAGS, &job, NULL, NULL, &running) > 0)
			while (running)
				spy_sys4(SYS_futex, &running, FUTEX_WAIT, 1, NULL);
		munmap(stack, STACK_SIZE);
	}
	errno = saved;
	return job.done;
}

void spy_apart_or_here(void (*work)(void *data), void *data)
{
	if (!spy_apart_run_bare(work, data, -1))
		work(data);
}
