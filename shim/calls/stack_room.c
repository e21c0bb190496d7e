/*
 * Moving to a stack with room; see stack_room.h.
 *
 * All signals are blocked meanwhile: the kernel takes the alternate stack for free as long as the
 * thread is not on it, and would put the next handler's frame over the one that waits there.
 */
#include "stack_room.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "../preload/real.h"
#include "../preload/spy.h"
#include "../sys/lock.h"
#include "../sys/sys.h"

#define ROOM  ((size_t)128 * 1024)
#define SMALL ((size_t)64 * 1024) /* an alternate stack below this is not trusted to have room */

struct job {
	long (*body)(void *what, long rc);
	void *what;
	long rc;
	int err;
	ucontext_t back;
	ucontext_t there;
};

/* Programs without alternate stacks, which are most, are not asked about theirs. */
static _Atomic bool has_alternate_stacks;

static __thread struct job *current __attribute__((tls_model("initial-exec")));

void spy_stack_room_alternate(void)
{
	has_alternate_stacks = true;
}

__attribute__((noinline)) static bool is_small(void)
{
	stack_t now;

	return spy_sys2(SYS_sigaltstack, NULL, &now) == 0 && (now.ss_flags & SS_ONSTACK) && now.ss_size < SMALL;
}

bool spy_in_room(void)
{
	return current != NULL;
}

static void run(void)
{
	struct job *job = current;

	errno = job->err;
	job->rc = job->body(job->what, job->rc);
	job->err = errno;
}

/* The job stands at the low end of its stack; the stack grows down towards it. */
static long run_there(struct job *job)
{
	int err = errno;

	job->err = err;
	current = job;
#ifdef __GLIBC__
	if (getcontext(&job->there) == 0) {
		job->there.uc_stack.ss_sp = job + 1;
		job->there.uc_stack.ss_size = ROOM - sizeof(*job);
		job->there.uc_link = &job->back;
		makecontext(&job->there, run, 0);
		swapcontext(&job->back, &job->there);
	}
#else
	run(); /* musl has no makecontext(): the work is done where it is */
#endif
	current = NULL;
	errno = job->err;
	return job->rc;
}

__attribute__((noinline)) static long with_other_room(long (*body)(void *what, long rc), void *what, long rc)
{
	struct spy_mask mask;
	struct job *job;

	spy_mask_all(&mask);
	job = spy_room_take(ROOM);
	if (job) {
		job->body = body;
		job->what = what;
		job->rc = rc;
		rc = run_there(job);
		spy_room_give(job, ROOM);
	}
	/* Without room the call goes by unseen: the program's stack is not for us to overrun. */
	spy_mask_restore(&mask);
	return rc;
}

/* Nothing of its own on the stack, so that body takes its place there: libunwind goes through every frame of the shim's. */
long spy_with_room(long (*body)(void *what, long rc), void *what, long rc)
{
	if (!has_alternate_stacks || current || !is_small())
		return body(what, rc);
	return with_other_room(body, what, rc);
}
