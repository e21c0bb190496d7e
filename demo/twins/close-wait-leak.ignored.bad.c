/*
 * close-wait-leak, a bad twin, cause eof-ignored: recv() returns 0 again and again.
 *
 * The event loop takes 0 for "nothing yet", as from a non-blocking socket, and
 * comes back to the connection with every tick. That the end of file is ignored is
 * a rule of its own (eof-ignored), and fires here, too.
 *
 * Fault: poll_client
 * Created: accept_client
 */
#define _GNU_SOURCE 1 /* For accept4(). */

#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

#include "twin.h"

enum { TICK_MS = 50, LEAST_TICKS = 8 };

TWIN_IN_STACKS static int accept_client(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	twin_require(fd != -1, "accept4()");
	return fd;
}

TWIN_IN_STACKS static ssize_t poll_client(int fd)
{
	char request[128];
	ssize_t got = recv(fd, request, sizeof(request), 0);

	twin_require(got >= 0, "recv()");
	return got;
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int fd = accept_client(listener);
	int ticks = (int)(seconds * 1000 / TICK_MS);
	int zeros = 0;

	twin_send(client, TWIN_REQUEST);
	twin_close(client);
	for (int tick = 0; tick < ticks || tick < LEAST_TICKS; tick++) {
		zeros += poll_client(fd) == 0;
		poll(NULL, 0, TICK_MS);
	}
	twin_show(zeros >= LEAST_TICKS - 1, "poll_client: recv() = 0, taken for \"nothing yet\"");
	/* Only the end of the service closes what it has kept. */
	twin_close(fd);
	twin_close(listener);
	return 0;
}
