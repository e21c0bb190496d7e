/*
 * The table of the scenarios, in the order in which the program lists them.
 */
#include "scenario.h"

#include <string.h>

const struct scenario scenarios[] = {
	{"baseline", "both close at once, the server first: CLOSE_WAIT hardly exists", run_baseline},
	{"close-wait", "the server sees the end and sleeps: CLOSE_WAIT until it closes", run_close_wait},
	{"close-then-recv", "the client reads after its own close(): EBADF, and a RST", run_close_then_recv},
	{"half-close", "the client ends one direction only and still gets its goodbye", run_half_close},
	{"port-in-use", "restart over TIME_WAIT without SO_REUSEADDR: bind() fails", run_port_in_use},
	{"reuse-addr", "the same with SO_REUSEADDR before bind(): bind() succeeds", run_reuse_addr},
	{"client-first", "the client closes first: no TIME_WAIT on the server's port", run_client_first},
	{"slips", "the tutorial's mistakes, all in one program", run_slips},
};

const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);

const struct scenario *find_scenario(const char *name)
{
	for (size_t i = 0; i < scenario_count; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}
