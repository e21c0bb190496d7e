/*
 * The calls by which a program puts a seccomp filter on itself: from then on the shim makes no
 * system call that the filter would refuse.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "../observe/stack.h"
#include "../preload/ending.h"
#include "../preload/real.h"
#include "../report/recording.h"
#include "../report/report.h"
#include "../report/snapshot.h"
#include "../sink/writer.h"
#include "../sys/sandbox.h"
#include "hooks.h"

static bool lets_through(const struct sock_fprog *filter, long number)
{
	static const uint64_t no_args[6];
	uint32_t action = spy_sandbox_run(filter, number, no_args) & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* What will not be possible later: the log up to here, room for a report, this thread's first stack. */
static void prepare(void)
{
	uintptr_t frame;

	struct spy_section quiet;

	if (spy_core.table.used)
		spy_first_socket();
	spy_before_less();
	spy_writer_flush();
	spy_report_reserve();
	spy_recording_prepare();
	spy_stack_take(0, &frame, 1);
	(void)spy_self_tid();
	spy_quiet_enter(&quiet);
	spy_snapshot_write(false);
	spy_quiet_leave(&quiet);
}

/* The shim ends here, with its summary. */
static void fall_silent(void)
{
	spy_ending_before_silence();
	spy_on = false;
	spy_sandbox_strict();
}

bool spy_before_seccomp(unsigned long mode, const void *data)
{
	enum spy_sandbox_taken taken;
	struct sock_fprog filter;

	if (!spy_on || (mode != SECCOMP_MODE_STRICT && mode != SECCOMP_MODE_FILTER))
		return false;
	taken = mode == SECCOMP_MODE_FILTER ? spy_sandbox_read(data, &filter, spy_memory_take) : SPY_SANDBOX_NO_ROOM;
	/* Programs offer nonsense to learn whether the kernel knows filters at all. */
	if (taken == SPY_SANDBOX_INVALID)
		return false;
	prepare();
	/* Without these two nothing of the shim is safe: not its lock, not its records. */
	if (taken == SPY_SANDBOX_NO_ROOM || !lets_through(&filter, SYS_rt_sigprocmask) ||
	    !lets_through(&filter, SYS_futex)) {
		fall_silent();
		return false;
	}
	if (!lets_through(&filter, SYS_rt_sigaction) || !lets_through(&filter, SYS_tgkill))
		spy_ending_release_signals();
	spy_sandbox_add(&filter);
	return true;
}

void spy_after_seccomp(bool added, long rc)
{
	if (added && rc < 0)
		spy_sandbox_take_back();
}

SPY_EXPORT int prctl(int option, ...)
{
	unsigned long args[4];
	bool added = false;
	va_list ap;
	int rc;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		args[i] = va_arg(ap, unsigned long);
	va_end(ap);
	if (option == PR_SET_SECCOMP)
		added = spy_before_seccomp(args[0], (const void *)args[1]);
	rc = REAL(prctl)(option, args[0], args[1], args[2], args[3]);
	spy_after_seccomp(added, rc);
	return rc;
}
