/*
 * send-to-closed-peer, the bad twin: says goodbye to a client that has closed.
 *
 * The client has called close(), not shutdown(): nobody is left to read the
 * goodbye. send() succeeds, since it only hands the bytes to this side's kernel;
 * the client's kernel answers RST, and the next send() would raise SIGPIPE.
 *
 * Fault: handle_client
 */
#include <string.h>
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static void handle_client(int fd)
{
	ssize_t sent;

	twin_read_until_end(fd);
	sent = send(fd, TWIN_REPLY, strlen(TWIN_REPLY), MSG_NOSIGNAL);
	twin_show(sent == (ssize_t)strlen(TWIN_REPLY), "handle_client: send() to a closed peer succeeds");
	twin_wait_reset(fd);
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
