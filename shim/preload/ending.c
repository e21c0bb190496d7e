/*
 * How a process ends; see ending.h.
 */
#include "ending.h"

#include <errno.h>
#include <stdlib.h>
#include <ucontext.h>

#include "../calls/settle.h"
#include "../calls/sweep.h"
#include "../observe/kernel.h"
#include "../report/snapshot.h"
#include "../sink/writer.h"
#include "../sys/sys.h"
#include "real.h"
#include "watcher.h"

static _Atomic bool summary_done;
static _Atomic bool catching; /* from the first socket on, where a summary is wanted */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

/* What is open when the program ends. The lock is taken for one record at a time. */
static void look_at_exit(uint32_t index)
{
	struct spy_settled settled;
	struct spy_event ev;
	struct spy_conn *conn;

	spy_settled_init(&settled);
	spy_core_lock();
	conn = spy_table_at(&spy_core.table, index);
	if (conn && conn->descriptors) {
		spy_event_init(&ev, SPY_CALL_close, SPY_OP_EXIT, conn->fd);
		ev.state = (enum spy_state)conn->state;
		spy_observe_look(conn, &ev, &settled);
	}
	spy_core_unlock();
	spy_report_findings(&settled.out);
}

static void tell_summary(bool program_ends)
{
	struct spy_section quiet;
	int saved = errno;

	if (!spy_on || atomic_exchange(&summary_done, true))
		return;
	spy_watcher_stop();
	spy_quiet_enter(&quiet);
	spy_watcher_look();
	spy_sweep_release();
	for (uint32_t i = 0; program_ends && i < spy_core.table.used; i++)
		look_at_exit(i);
	if (spy_options.summary)
		spy_report_summary();
	spy_snapshot_write(program_ends);
	spy_quiet_leave(&quiet);
	spy_writer_end();
	errno = saved;
}

void spy_ending_summary(void)
{
	tell_summary(true);
}

int spy_ending_status(int status)
{
	bool found = spy_core.by_severity[SPY_ERROR] || spy_core.by_severity[SPY_WARNING];

	return status == 0 && found && spy_on ? spy_options.exitcode : status;
}

#ifdef __GLIBC__
/*
 * Registered first and so called last, after the program's own handlers. To call exit() again
 * from a handler goes on with the remaining ones under the new status (glibc, stdlib/exit.c).
 */
static void at_exit(int status, void *unused)
{
	int wanted;

	(void)unused;
	spy_ending_summary();
	wanted = spy_ending_status(status);
	if (wanted != status)
		exit(wanted);
}
#endif

static _Atomic int quick_status;

void spy_ending_quick(int status)
{
	quick_status = status;
}

static void at_quick(void)
{
	int wanted;

	spy_ending_summary();
	wanted = spy_ending_status(quick_status);
	if (wanted != quick_status)
		REAL(_exit)(wanted);
}

void spy_ending_init(void)
{
#ifdef __GLIBC__
	on_exit(at_exit, NULL);
#else
	/* Other libcs tell no handler the status, so that `exitcode` counts for _exit() and quick_exit() alone. */
	atexit(spy_ending_summary);
#endif
	(void)at_quick_exit(at_quick);
}

/* Dies of sig as the program would have: nothing of the shim's shows in the wait status. */
static void die_of(int sig)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	uint64_t one = UINT64_C(1) << (sig - 1);

	REAL(sigaction)(sig, &action, NULL);
	spy_sys3(SYS_tgkill, spy_kernel_pid(), spy_kernel_tid(), sig);
	spy_sys4(SYS_rt_sigprocmask, SIG_UNBLOCK, &one, NULL, sizeof(one));
}

/*
 * The descriptor of the call that raised a SIGPIPE: its first argument, which the kernel leaves in its
 * register on return (syscall(2)). -1 where the architecture puts the result there.
 */
static int interrupted_fd(const void *context)
{
#if defined(__x86_64__)
	return (int)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RDI];
#else
	(void)context;
	return -1;
#endif
}

static void on_deadly_signal(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)info;

	if (!spy_in_vfork_child()) {
		if (sig == SIGPIPE)
			spy_report_sigpipe(interrupted_fd(context));
		spy_ending_summary();
	}
	die_of(sig);
	errno = saved;
}

void spy_ending_dump(void)
{
	struct spy_section quiet;
	int saved = errno;

	spy_quiet_enter(&quiet);
	spy_watcher_look();
	spy_sweep_release();
	spy_report_summary();
	spy_quiet_leave(&quiet);
	spy_writer_flush();
	errno = saved;
}

static void on_dump_signal(int sig)
{
	(void)sig;
	spy_ending_dump();
}

bool spy_ending_is_ours(const struct sigaction *action)
{
	return action->sa_sigaction == on_deadly_signal || action->sa_handler == on_dump_signal;
}

static void stand_in(int sig)
{
	/* Not on the program's alternate stack, which is made for less than a summary. */
	struct sigaction action = {.sa_sigaction = on_deadly_signal, .sa_flags = SA_RESTART | SA_SIGINFO};

	sigfillset(&action.sa_mask);
	REAL(sigaction)(sig, &action, NULL);
}

void spy_ending_stand_in(int sig)
{
	/* A namespace's first process is spared these signals where it has no handler (pid_namespaces(7)). */
	if (spy_self_pid() == 1)
		return;
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]) && catching; i++)
		if (sig == caught[i])
			stand_in(sig);
}

void spy_ending_release_signals(void)
{
	struct sigaction now = {.sa_handler = SIG_DFL}, none = now;

	catching = false;
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		if (REAL(sigaction)(caught[i], NULL, &now) == 0 && spy_ending_is_ours(&now))
			REAL(sigaction)(caught[i], &none, NULL);
}

void spy_ending_before_silence(void)
{
	spy_ending_release_signals();
	tell_summary(false);
}

static bool is_default(int sig)
{
	struct sigaction now = {.sa_handler = SIG_DFL};

	return REAL(sigaction)(sig, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

void spy_ending_catch_signals(void)
{
	struct sigaction dump = {.sa_handler = on_dump_signal, .sa_flags = SA_RESTART};

	catching = true;
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]) && catching; i++)
		if (is_default(caught[i]))
			spy_ending_stand_in(caught[i]);
	sigfillset(&dump.sa_mask);
	if (spy_options.dump_signal)
		REAL(sigaction)(spy_options.dump_signal, &dump, NULL);
}

void spy_ending_forked(void)
{
	summary_done = false;
}
