/*
 * The scenarios about starting a server again while its port still has a
 * connection in TIME_WAIT: port-in-use and reuse-addr.
 *
 * The first run sets SO_REUSEADDR in both. The kernel lets a bind() over
 * TIME_WAIT pass only when the old socket had the option, too: without it there,
 * the port would refuse every other scenario for the next 60 s.
 */
#include <errno.h>
#include <string.h>

#include "kernel.h"
#include "net.h"
#include "parts.h"
#include "say.h"
#include "scenario.h"

static void run_once_and_leave_time_wait(struct stage *stage)
{
	play_endings(stage, close_first, close_after_the_server);
	tell_client_side(stage, "CLOSED");
	tell_server_side(stage, "TIME_WAIT");
}

void run_port_in_use(struct stage *stage)
{
	int fd;

	run_once_and_leave_time_wait(stage);
	say(SERVER, "starts again at once, without SO_REUSEADDR");
	fd = bind_server(stage->server_port, false);
	if (fd != -1)
		fail(SERVER, "bind() has succeeded, where TIME_WAIT should have held the port");
	if (errno != EADDRINUSE)
		fail(SERVER, "bind(): %s", strerror(errno));
	say(SERVER, "bind() = -1 EADDRINUSE: the connection in TIME_WAIT holds port %u for 60 s", stage->server_port);
}

void run_reuse_addr(struct stage *stage)
{
	uint16_t first_client_port;

	run_once_and_leave_time_wait(stage);
	first_client_port = stage->client_port;
	say(SERVER, "starts again at once, with SO_REUSEADDR: bind() passes over TIME_WAIT");
	run_once_and_leave_time_wait(stage);
	tell_state("first server", stage->server_port, first_client_port, "TIME_WAIT");
	say(SERVER, "port %u has two connections in TIME_WAIT; they hold no descriptor", stage->server_port);
}
