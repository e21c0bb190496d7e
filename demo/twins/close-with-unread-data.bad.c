/*
 * close-with-unread-data, the bad twin: closes with half of the request unread.
 *
 * The server has read the first message and knows enough. What is unread makes its
 * kernel send RST instead of FIN, and a reply that is still on its way may be lost
 * at the client.
 *
 * Fault: handle_client
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

TWIN_IN_STACKS static void handle_client(int fd)
{
	twin_receive(fd, TWIN_REQUEST);
	twin_show(close(fd) == 0, "handle_client: close() with unread data");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();
	char reply[128];

	twin_send(pair.client, TWIN_REQUEST);
	twin_send(pair.client, TWIN_REQUEST);
	/* The client ends first, so that who closes first is not at fault as well. */
	twin_end_sending(pair.client);
	handle_client(pair.server);
	twin_require(recv(pair.client, reply, sizeof(reply), 0) == -1 && errno == ECONNRESET,
		     "recv() = -1 ECONNRESET at the client");
	twin_close(pair.client);
	return 0;
}
