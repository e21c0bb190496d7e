/*
 * use-after-close, the bad twin: asks for the peer's name after close().
 *
 * The line for the log is written when everything else is done, and by then the
 * descriptor is gone: getpeername() fails with EBADF, or names another client.
 *
 * Fault: handle_client
 */
#include <errno.h>
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static void handle_client(int fd)
{
	struct sockaddr_in peer;
	socklen_t size = sizeof(peer);
	int rc;

	twin_read_until_end(fd);
	twin_close(fd);
	rc = getpeername(fd, (struct sockaddr *)&peer, &size);
	twin_show(rc == -1 && errno == EBADF, "handle_client: getpeername() after close() = -1 EBADF");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	handle_client(pair.server);
	return 0;
}
