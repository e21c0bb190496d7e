/*
 * Work apart; see apart.h.
 */
#include "apart.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "sys.h"

#define STACK_SIZE ((size_t)64 * 1024)
#define ROOM	   8 /* descriptors given up in the other table */

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

bool spy_apart_needless(void)
{
	long fd = spy_sys3(SYS_openat, AT_FDCWD, "/", O_PATH | O_CLOEXEC);

	if (fd >= 0)
		spy_sys1(SYS_close, fd);
	return fd != -EMFILE; /* Also where a filter refuses to open: then nothing can be named. */
}

static int run(void *argument)
{
	struct job *job = argument;

	for (int fd = 0; fd < ROOM; fd++)
		spy_sys1(SYS_close, fd);
	job->work(job->data);
	job->done = true;
	spy_sys1(SYS_exit, 0);
	return 0;
}

/* The table is shared until it is given up, so that nothing of it is copied, nor closed at the end. */
static int run_bare(void *argument)
{
	struct job *job = argument;

	if ((job->directory < 0 || spy_sys1(SYS_fchdir, job->directory) == 0) &&
	    spy_sys3(SYS_close_range, 0, ~0U, CLOSE_RANGE_UNSHARE) == 0) {
		job->work(job->data);
		job->done = true;
	}
	spy_sys1(SYS_exit, 0);
	return 0;
}

/*
 * Filters look at clone()'s flags, which tell threads from processes. Of a process that cannot be waited for
 * something would stay behind.
 */
static bool is_allowed(int flags)
{
	const uint64_t clone_args[6] = {(uint64_t)flags};

	return !spy_sandboxed || (spy_sandbox_allows(SYS_clone, clone_args) && spy_sandbox_allows_number(SYS_mmap) &&
				  spy_sandbox_allows_number(SYS_munmap) && spy_sandbox_allows_number(SYS_wait4) &&
				  spy_sandbox_allows_number(SYS_exit));
}

static bool run_apart(int (*run_job)(void *job), struct job *job, int flags)
{
	int saved = errno, status = 0;
	void *stack;
	int pid = -1;

	flags |= CLONE_VM | CLONE_VFORK;
	if (!is_allowed(flags))
		return false;
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack != MAP_FAILED) {
		/* Without an exit signal: the program is told nothing, and its wait() does not see the process. */
		pid = clone(run_job, (char *)stack + STACK_SIZE, flags, job);
		if (pid > 0)
			spy_sys4(SYS_wait4, pid, &status, __WCLONE, NULL);
		munmap(stack, STACK_SIZE);
	}
	errno = saved;
	return job->done;
}

bool spy_apart_run(void (*work)(void *data), void *data)
{
	struct job job = {.work = work, .data = data};

	return run_apart(run, &job, 0);
}

bool spy_apart_run_bare(void (*work)(void *data), void *data, int directory)
{
	struct job job = {.work = work, .data = data, .directory = directory};

	return run_apart(run_bare, &job, CLONE_FILES);
}
