/*
 * fork(): the child starts with the parent's tables and none of its threads.
 *
 * The handlers are registered by the constructor, before those of libraries that start later, so
 * that "prepare" runs after and "child" before theirs: whatever they close is seen as usual.
 */
#include <pthread.h>

#include "../observe/diag.h"
#include "../observe/kernel.h"
#include "../observe/sys.h"
#include "../sink/target.h"
#include "../sink/writer.h"
#include "ending.h"
#include "inside.h"
#include "report.h"
#include "spy.h"
#include "watcher.h"

static struct spy_section forking;

static void before_fork(void)
{
	struct spy_section section;

	spy_section_enter(&section);
	forking = section; /* Only now: another thread may have been forking until the lock was ours. */
}

static void after_fork_in_parent(void)
{
	struct spy_section section = forking;

	spy_core.forks++;
	spy_section_leave(&section);
}

void spy_fork_child(void)
{
	int diag_fd = spy_diag_fd();

	spy_identity_forked();
	spy_diag_reset();
	if (diag_fd >= 0) {
		spy_table_clear(&spy_core.table, diag_fd);
		spy_sys1(SYS_close, diag_fd);
	}
	spy_core_forked(&spy_core, spy_clock_now());
	spy_report_forked();
	spy_watcher_forked();
	spy_inside_forked();
	spy_ending_forked();
	spy_writer_forked();
	spy_target_forked(spy_self_pid());
}

static void after_fork_in_child(void)
{
	struct spy_section section = forking;

	spy_fork_child();
	spy_section_leave(&section);
}

void spy_fork_init(void)
{
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
