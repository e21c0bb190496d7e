/*
 * server-closes-first, the bad twin: the server closes as soon as it has answered.
 *
 * TIME_WAIT stays with the side that closes first, 60 s for every client: on a
 * server these are thousands, and they are in the way of its restart.
 *
 * Fault: handle_client
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

TWIN_IN_STACKS static void handle_client(int fd)
{
	twin_receive(fd, TWIN_REQUEST);
	twin_send(fd, TWIN_REPLY);
	twin_show(close(fd) == 0, "handle_client: the server closes first");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	handle_client(pair.server);
	twin_receive(pair.client, TWIN_REPLY);
	twin_read_until_end(pair.client);
	twin_close(pair.client);
	return 0;
}
