/*
 * Telling loops over all descriptors from double closes; see sweep.h.
 */
#include "sweep.h"

#include <errno.h>

#include "../observe/kernel.h"
#include "../preload/watcher.h"

#define LONG_ENOUGH_NS (90 * SPY_NS_PER_MS)
#define LAST_START     3 /* loops that spare the three standard ones begin here */
#define REPORTING      UINT32_MAX /* no thread has that number */

/* One at a time, of one thread: a second that comes meanwhile lets the first go. */
static struct {
	_Atomic uint32_t tid; /* 0: nothing is held */
	uint64_t since_ns;
	struct spy_outbox out;
	char notes[SPY_FINDINGS_MAX][SPY_ANNOTATION_ROOM]; /* by then the record may be another connection's */
} held;

static __thread struct {
	uintptr_t caller;
	int fd;
	bool proven;
} last __attribute__((tls_model("initial-exec")));

/*
 * Reports what is held, of this thread or (0) of any. From where it stands: stacks may be small, and findings are not.
 */
static void report(uint32_t tid)
{
	bool mine;

	spy_core_lock();
	mine = held.tid && held.tid != REPORTING && (!tid || held.tid == tid);
	if (mine)
		held.tid = REPORTING;
	spy_core_unlock();
	if (!mine)
		return;
	spy_report_findings(&held.out);
	held.tid = 0;
}

void spy_sweep_release(void)
{
	if (held.tid)
		report(0);
}

void spy_sweep_release_own(void)
{
	if (held.tid && held.tid == spy_self_tid())
		report(spy_self_tid());
}

void spy_sweep_release_old(void)
{
	if (held.tid && held.tid != REPORTING && spy_clock_now() - held.since_ns > LONG_ENOUGH_NS)
		spy_sweep_release();
}

bool spy_sweep_holds(void)
{
	return held.tid != 0;
}

/* The core's lock is held. */
static void keep(const struct spy_outbox *out)
{
	held.out = *out;
	for (unsigned int i = 0; i < out->count; i++) {
		if (!out->findings[i].note)
			continue;
		held.notes[i][spy_annotation_copy(held.notes[i], out->findings[i].note)] = '\0';
		held.out.findings[i].note = held.notes[i];
	}
	held.since_ns = spy_clock_now();
	held.tid = spy_self_tid();
}

bool spy_sweep_hold(int fd, const struct spy_outbox *out)
{
	bool free;

	if (!out->count)
		return true;
	if (fd > LAST_START)
		return false;
	spy_sweep_release();
	spy_core_lock();
	free = !held.tid;
	if (free)
		keep(out);
	spy_core_unlock();
	if (free)
		spy_watcher_hasten();
	return free;
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
