/*
 * recv-after-close, the bad twin: reads once more from a descriptor it has closed.
 *
 * The end of file is the sign to close, but not to leave the loop. Here the next
 * recv() fails with EBADF; with other threads at work the number may belong to
 * another client by then, whose request is read and lost.
 *
 * Fault: handle_client
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

TWIN_IN_STACKS static void handle_client(int fd)
{
	char request[128];
	ssize_t got;

	do {
		got = recv(fd, request, sizeof(request), 0);
		if (got == 0)
			twin_close(fd);
	} while (got >= 0);
	twin_show(errno == EBADF, "handle_client: recv() after close() = -1 EBADF");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	handle_client(pair.server);
	return 0;
}
