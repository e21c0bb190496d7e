/*
 * double-close, the bad twin: closes where the end of file is seen, and again where
 * the function ends.
 *
 * Here the second close() fails with EBADF. With other threads at work it may hit
 * a descriptor that has got the number in between: that is stale-close.
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
	int rc;

	do {
		got = recv(fd, request, sizeof(request), 0);
		if (got == 0)
			twin_close(fd);
	} while (got > 0);
	rc = close(fd);
	twin_show(rc == -1 && errno == EBADF, "handle_client: second close() = -1 EBADF");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	handle_client(pair.server);
	return 0;
}
