/*
 * Hooks of the calls that set signal handlers and their stacks. The shim's own handlers stand in for the default
 * action of a few signals (ending.h); a program that asks is told SIG_DFL, as it would be without the shim.
 */
#include <errno.h>
#include <signal.h>

#include "../calls/stack_room.h"
#include "../preload/ending.h"
#include "../preload/real.h"
#include "../preload/spy.h"

SPY_EXPORT int sigaltstack(const stack_t *stack, stack_t *old)
{
	spy_stack_room_alternate();
	return REAL(sigaltstack)(stack, old);
}

typedef sighandler_t (*set_handler_fn)(int sig, sighandler_t handler);

/* What the program sees of an action that was the shim's. */
static void hide(struct sigaction *action)
{
	if (!spy_ending_is_ours(action))
		return;
	*action = (struct sigaction){.sa_handler = SIG_DFL};
}

static int set_action(int sig, const struct sigaction *action, struct sigaction *old)
{
	bool to_default = action && action->sa_handler == SIG_DFL;
	int rc = REAL(sigaction)(sig, action, old);

	if (rc != 0 || !spy_on)
		return rc;
	if (old)
		hide(old);
	if (to_default)
		spy_ending_stand_in(sig);
	return rc;
}

SPY_EXPORT int sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	return set_action(sig, action, old);
}

SPY_EXPORT int __sigaction(int sig, const struct sigaction *action, struct sigaction *old)
{
	return set_action(sig, action, old);
}

static sighandler_t set_handler(set_handler_fn real, int sig, sighandler_t handler)
{
	sighandler_t old = real(sig, handler);
	struct sigaction action = {.sa_handler = old};

	if (old == SIG_ERR || !spy_on)
		return old;
	hide(&action);
	if (handler == SIG_DFL)
		spy_ending_stand_in(sig);
	return action.sa_handler;
}

SPY_EXPORT sighandler_t signal(int sig, sighandler_t handler)
{
	return set_handler(REAL(signal), sig, handler);
}

SPY_EXPORT sighandler_t bsd_signal(int sig, sighandler_t handler)
{
	return set_handler(REAL(bsd_signal), sig, handler);
}

SPY_EXPORT sighandler_t ssignal(int sig, sighandler_t handler)
{
	return set_handler(REAL(ssignal), sig, handler);
}

SPY_EXPORT sighandler_t sysv_signal(int sig, sighandler_t handler)
{
	return set_handler(REAL(sysv_signal), sig, handler);
}

SPY_EXPORT sighandler_t __sysv_signal(int sig, sighandler_t handler)
{
	return set_handler(REAL(__sysv_signal), sig, handler);
}

SPY_EXPORT sighandler_t sigset(int sig, sighandler_t handler)
{
	return set_handler(REAL(sigset), sig, handler);
}
