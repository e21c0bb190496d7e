/*
 * recv-after-close, the good twin: the end of file ends the loop, and close() is
 * the last call on the descriptor.
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

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	handle_client(pair.server);
	return 0;
}
