/*
 * double-close, the good twin: there is one place that closes, where every path of
 * the function ends.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void handle_client(int fd)
{
	char request[128];
	ssize_t got;

	do {
		got = recv(fd, request, sizeof(request), 0);
	} while (got > 0);
	twin_show(close(fd) == 0, "handle_client: one close()");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	handle_client(pair.server);
	return 0;
}
