/*
 * fork(): the child starts with the parent's tables and none of its threads.
 *
 * Nothing is held across a fork: handlers of other libraries run before and after ours, and may call
 * hooks. So another thread may be in the middle of a section at that moment. The child sees from the
 * lock that it was, and builds its table anew from the descriptors that it has.
 *
 * A child notices what it is at its first section, since the page that says who this process is
 * comes to it empty: whichever way it was made, and whoever's handler runs first.
 */
#include <pthread.h>

#include "../calls/call.h"
#include "../calls/inside.h"
#include "../calls/sweep.h"
#include "../observe/diag.h"
#include "../observe/kernel.h"
#include "../observe/loader.h"
#include "../observe/proc.h"
#include "../report/recording.h"
#include "../report/report.h"
#include "../report/snapshot.h"
#include "../sink/target.h"
#include "../sink/writer.h"
#include "../sys/sys.h"
#include "ending.h"
#include "spy.h"
#include "watcher.h"

static void after_fork_in_parent(void)
{
	struct spy_section section;

	spy_section_enter(&section);
	spy_core.forks++;
	spy_section_leave(&section);
}

static void adopt_again(int fd, void *unused)
{
	(void)unused;
	if (!spy_table_slot(&spy_core.table, fd))
		spy_adopt(fd, false);
}

void spy_fork_child(bool was_in_section)
{
	int diag_fd = spy_diag_fd();

	spy_identity_forked();
	spy_loader_forked();
	spy_diag_reset();
	if (diag_fd >= 0) {
		spy_table_own(&spy_core.table, diag_fd, false);
		spy_sys1(SYS_close, diag_fd);
	}
	if (was_in_section)
		spy_table_empty(&spy_core.table);
	spy_core_forked(&spy_core, spy_clock_now());
	spy_first_socket_forked();
	spy_report_forked();
	spy_recording_forked();
	spy_watcher_forked();
	spy_watcher_allow(false);
	spy_inside_forked();
	spy_sweep_forked();
	spy_ending_forked();
	spy_writer_forked();
	spy_target_forked(spy_self_pid());
	spy_snapshot_forked();
	if (was_in_section)
		spy_proc_each_fd(adopt_again, NULL);
}

static void after_fork_in_child(void)
{
	struct spy_section quiet;

	/* Entering is all: the first section of a child does the work, if no other handler came before. */
	spy_quiet_enter(&quiet);
	spy_quiet_leave(&quiet);
	spy_watcher_allow(true);
}

void spy_fork_init(void)
{
	spy_loader_init();
	pthread_atfork(spy_loader_settle, after_fork_in_parent, after_fork_in_child);
}
