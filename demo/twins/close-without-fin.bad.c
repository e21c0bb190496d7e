/*
 * close-without-fin, the bad twin: closes a descriptor and forgets its dup().
 *
 * open_trace() keeps a dup of the connection. The close() of the original succeeds
 * and ends nothing: no FIN is sent, and the server waits for an end that does not
 * come before the dup is closed as well.
 *
 * Fault: leave_server
 */
#define _GNU_SOURCE 1 /* For F_DUPFD_CLOEXEC in older headers. */

#include <fcntl.h>
#include <unistd.h>

#include "twin.h"

TWIN_IN_STACKS static int open_trace(int fd)
{
	int trace = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	twin_require(trace != -1, "fcntl(F_DUPFD_CLOEXEC)");
	return trace;
}

TWIN_IN_STACKS static void leave_server(int fd)
{
	twin_show(close(fd) == 0, "leave_server: close() = 0, and no FIN");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_pair pair = twin_open_pair();
	int trace = open_trace(pair.client);

	twin_send(pair.client, TWIN_REQUEST);
	twin_receive(pair.server, TWIN_REQUEST);
	leave_server(pair.client);
	twin_require(!twin_wait_readable(pair.server, seconds), "the server sees no end");
	twin_require(trace != -1, "the dup is kept");
	twin_close(pair.server);
	/* Only the end of the program closes what it has kept. */
	return 0;
}
