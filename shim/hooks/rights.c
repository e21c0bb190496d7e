/*
 * Hooks of the calls by which a process gives up rights or paths: a log file that is closed while there is
 * no TCP socket (target.h) is opened before, since afterwards its name may be out of reach.
 *
 * Signals: safe; setuid() and its kind are async-signal-safe and stay so.
 */
#include <errno.h>
#include <unistd.h>

#include "../preload/real.h"
#include "../preload/spy.h"
#include "../sink/target.h"
#include "hooks.h"

void spy_before_less(void)
{
	int saved = errno;

	/* A vfork child has the parent's memory and descriptors of its own. */
	if (spy_on && !spy_in_vfork_child())
		spy_target_unpark();
	errno = saved;
}

/* For good, and not for a while as with seteuid(): what is executed then is the other user's program. */
static void before_other_user(uid_t uid)
{
	int saved = errno;

	spy_before_less();
	if (spy_on && !spy_in_vfork_child() && uid != (uid_t)-1 && uid != 0 && !spy_core.table.used)
		spy_target_hand_over(uid);
	errno = saved;
}

SPY_EXPORT int chroot(const char *path)
{
	spy_before_less();
	return REAL(chroot)(path);
}

SPY_EXPORT int setuid(uid_t uid)
{
	before_other_user(uid);
	return REAL(setuid)(uid);
}

SPY_EXPORT int seteuid(uid_t uid)
{
	spy_before_less();
	return REAL(seteuid)(uid);
}

SPY_EXPORT int setreuid(uid_t ruid, uid_t euid)
{
	before_other_user(euid);
	return REAL(setreuid)(ruid, euid);
}

SPY_EXPORT int setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	before_other_user(euid);
	return REAL(setresuid)(ruid, euid, suid);
}
