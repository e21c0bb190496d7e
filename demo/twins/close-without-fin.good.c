/*
 * close-without-fin, the good twin: the dup is closed first, so that close() of the
 * original is the one that ends the connection.
 */
#define _GNU_SOURCE 1 /* For F_DUPFD_CLOEXEC in older headers. */

#include <fcntl.h>
#include <unistd.h>

#include "twin.h"

static int open_trace(int fd)
{
	int trace = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	twin_require(trace != -1, "fcntl(F_DUPFD_CLOEXEC)");
	return trace;
}

static void leave_server(int fd, int trace)
{
	twin_close(trace);
	twin_show(close(fd) == 0, "leave_server: the dup, then the connection");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_pair pair = twin_open_pair();
	int trace = open_trace(pair.client);

	twin_send(pair.client, TWIN_REQUEST);
	twin_receive(pair.server, TWIN_REQUEST);
	leave_server(pair.client, trace);
	twin_require(twin_wait_readable(pair.server, seconds), "the server sees the end");
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
