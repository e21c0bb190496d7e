/*
 * Who is inside the loader and libunwind; see loader.h.
 */
#include "loader.h"

#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "../sys/sys.h"

/* A stack takes a microsecond, and a finding's names some hundred: a fork waits no longer than it takes itself. */
#define TURNS	20
#define TURN_NS 50000

static atomic_uint inside;
static atomic_bool locked_for_ever;

bool spy_loader_enter(void)
{
	if (locked_for_ever)
		return false;
	inside++;
	return true;
}

void spy_loader_leave(void)
{
	inside--;
}

void spy_loader_settle(void)
{
	const struct timespec turn = {.tv_nsec = TURN_NS};

	for (int i = 0; i < TURNS && inside; i++)
		spy_sys2(SYS_nanosleep, &turn, NULL);
}

void spy_loader_forked(void)
{
	if (inside)
		locked_for_ever = true;
	inside = 0;
}
