/*
 * close-wait-leak, the bad twin, cause eof-read: recv() returns 0 and nobody closes.
 *
 * handle_client() takes the end of file for "nothing to do" and returns; the
 * descriptor lies in CLOSE_WAIT until the service stops, and so does one more for
 * every client.
 *
 * Fault: handle_client
 * Created: accept_client
 */
#define _GNU_SOURCE 1 /* For accept4(). */

#include <stddef.h>
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static int accept_client(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	twin_require(fd != -1, "accept4()");
	return fd;
}

TWIN_IN_STACKS static void handle_client(int fd)
{
	char request[128];
	ssize_t got;

	do {
		got = recv(fd, request, sizeof(request), 0);
	} while (got > 0);
	twin_show(got == 0, "handle_client: recv() = 0, and no close()");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int fd = accept_client(listener);

	twin_send(client, TWIN_REQUEST);
	twin_close(client);
	handle_client(fd);
	twin_require(!twin_wait_readable(listener, seconds), "no other client comes");
	/* Only the end of the service closes what it has kept. */
	twin_close(fd);
	twin_close(listener);
	return 0;
}
