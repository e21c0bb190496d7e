/*
 * close-wait-leak, the good twin: closes where recv() returns 0, and the service
 * goes on without the client.
 */
#include <sys/socket.h>

#include "twin.h"

static void handle_client(int fd)
{
	char request[128];
	ssize_t got;

	do {
		got = recv(fd, request, sizeof(request), 0);
	} while (got > 0);
	twin_show(got == 0, "handle_client: recv() = 0, then close()");
	twin_close(fd);
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int fd = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	twin_close(client);
	handle_client(fd);
	twin_require(!twin_wait_readable(listener, seconds), "no other client comes");
	twin_close(listener);
	return 0;
}
