/*
 * Telling loops over all descriptors from double closes; see sweep.h.
 */
#include "sweep.h"

#include <errno.h>

#include "../observe/kernel.h"

#define LONG_ENOUGH_NS 100000000u

/* One at a time, of one thread: a second that comes meanwhile lets the first go. */
static struct {
	_Atomic uint32_t tid; /* 0: nothing is held */
	uint64_t since_ns;
	struct spy_outbox out;
} held;

static __thread struct {
	uintptr_t caller;
	int fd;
	bool proven;
} last __attribute__((tls_model("initial-exec")));

/* Takes what is held out of its place; false where another thread was faster. The lock is not held. */
static bool take(struct spy_outbox *out, uint32_t tid)
{
	bool mine;

	spy_core_lock();
	mine = held.tid && (!tid || held.tid == tid);
	if (mine) {
		*out = held.out;
		held.tid = 0;
	}
	spy_core_unlock();
	return mine;
}

void spy_sweep_release(void)
{
	struct spy_outbox out;

	if (held.tid && take(&out, 0))
		spy_report_findings(&out);
}

void spy_sweep_release_own(void)
{
	struct spy_outbox out;

	if (held.tid && held.tid == spy_self_tid() && take(&out, spy_self_tid()))
		spy_report_findings(&out);
}

void spy_sweep_release_old(void)
{
	if (held.tid && spy_clock_now() - held.since_ns > LONG_ENOUGH_NS)
		spy_sweep_release();
}

void spy_sweep_hold(const struct spy_outbox *out)
{
	if (!out->count)
		return;
	spy_sweep_release();
	spy_core_lock();
	held.out = *out;
	held.since_ns = spy_clock_now();
	held.tid = spy_self_tid();
	spy_core_unlock();
}

bool spy_sweep_next(int fd, uintptr_t caller)
{
	bool next = last.caller == caller && (fd == last.fd + 1 || fd == last.fd - 1);
	struct spy_section quiet;
	int saved = errno;

	last.caller = caller;
	last.fd = fd;
	if (next)
		return true;
	last.proven = false;
	if (__builtin_expect(held.tid != 0, 0) && !spy_in_vfork_child()) {
		spy_quiet_enter(&quiet);
		spy_sweep_release_own();
		spy_quiet_leave(&quiet);
	}
	errno = saved;
	return false;
}

void spy_sweep_prove(void)
{
	struct spy_section section;
	int saved = errno;

	if (last.proven || spy_in_vfork_child())
		return;
	last.proven = true;
	if (!held.tid)
		return;
	spy_section_enter(&section);
	if (held.tid == spy_self_tid()) {
		for (unsigned int i = 0; i < held.out.count; i++)
			spy_rules_suppress(&spy_core, &held.out.findings[i]);
		held.tid = 0;
	}
	spy_section_leave(&section);
	errno = saved;
}

bool spy_sweep_is_proven(void)
{
	return last.proven;
}

void spy_sweep_forked(void)
{
	held.tid = 0;
}
