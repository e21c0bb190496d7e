/*
 * The shim's own descriptors; see own.h.
 */
#include "own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "../observe/diag.h"
#include "../sink/metrics_file.h"
#include "../sink/target.h"
#include "../sys/sys.h"
#include "real.h"
#include "spy.h"

/* Above what select() can name nothing is won, and the kernel's table for a process grows with its highest number. */
#define HIGHEST_BASE 1000u
#define HIGHEST_SOFT 65536u /* the same for numbers beyond the limit */
#define BEYOND	     8u

static unsigned int base_number(void)
{
	struct rlimit limit;
	unsigned int soft = 1024;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < soft)
		soft = (unsigned int)limit.rlim_cur;
	soft -= soft / 4 < 24 ? soft / 4 : 24;
	return soft < HIGHEST_BASE ? soft : HIGHEST_BASE;
}

static void mark(int fd, bool own)
{
	struct spy_section section;

	spy_section_enter(&section);
	spy_table_own(&spy_core.table, fd, own);
	spy_section_leave(&section);
}

struct limit {
	uint64_t soft, hard;
};

/* Sets the limit on descriptors (NULL: leaves it) and tells what it was, in one call. */
static long swap_limit(const struct limit *wanted, struct limit *was)
{
	return spy_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, wanted, was);
}

/*
 * Beyond the soft limit, where the limit leaves a gap below the hard one: the program cannot have such
 * a number, and has none less. The limit is up for the length of one call. Another thread may set it at the same
 * time, and what that has set is what stays.
 */
static long move_beyond(int fd)
{
	struct limit limit, raised, was, now;
	long moved;

	if (swap_limit(NULL, &limit) != 0 || limit.soft > HIGHEST_SOFT || limit.hard < limit.soft + BEYOND)
		return -EINVAL;
	raised = (struct limit){limit.soft + BEYOND, limit.hard};
	if (swap_limit(&raised, &was) != 0)
		return -EPERM;
	moved = spy_sys3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, limit.soft);
	if (swap_limit(&was, &now) == 0 && (now.soft != raised.soft || now.hard != raised.hard))
		swap_limit(&now, NULL);
	return moved;
}

static int move_up(int fd)
{
	int saved = errno;
	long moved = move_beyond(fd);

	if (moved < 0)
		moved = spy_sys3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, base_number());
	errno = saved;
	return (int)moved;
}

int spy_own_keep(int fd)
{
	int moved = move_up(fd);

	if (moved >= 0) {
		spy_sys1(SYS_close, fd);
		fd = moved;
	}
	/* Called with the core's lock held (sock_diag's first question) and without: the slot is one store. */
	atomic_store_explicit(&spy_core.table.slot[fd], SPY_SLOT_OWN, memory_order_release);
	return fd;
}

int spy_own_keep_high(int fd)
{
	int moved = move_up(fd);

	spy_sys1(SYS_close, fd);
	if (moved < 0)
		return -1;
	atomic_store_explicit(&spy_core.table.slot[moved], SPY_SLOT_OWN, memory_order_release);
	return moved;
}

void spy_own_drop(int fd)
{
	/* As in spy_own_keep(), one store; and before the number can be anybody else's. */
	atomic_store_explicit(&spy_core.table.slot[fd], 0, memory_order_release);
	spy_sys1(SYS_close, fd);
}

bool spy_own_is(int fd)
{
	return spy_table_slot(&spy_core.table, fd) == SPY_SLOT_OWN;
}

void spy_own_make_room(int fd)
{
	int moved;

	if (!spy_own_is(fd))
		return;
	moved = move_up(fd);
	/* No room anywhere: the log or the netlink socket ends here, rather than what comes in its place. */
	if (moved >= 0)
		mark(moved, true);
	if (spy_target_fd() == fd)
		spy_target_moved(moved);
	if (spy_diag_fd() == fd)
		spy_diag_moved(moved);
	if (spy_metrics_file_fd() == fd)
		spy_metrics_file_moved(moved);
	mark(fd, false);
}

int spy_own_in_range(unsigned int first, unsigned int last)
{
	const int own[] = {spy_target_fd(), spy_diag_fd(), spy_metrics_file_fd()};
	int lowest = -1;

	for (unsigned int i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (own[i] >= 0 && (unsigned int)own[i] >= first && (unsigned int)own[i] <= last &&
		    (lowest < 0 || own[i] < lowest))
			lowest = own[i];
	return lowest;
}
