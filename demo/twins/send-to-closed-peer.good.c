/*
 * send-to-closed-peer, the good twin: the client half-closes and waits for the
 * goodbye, so what the server sends after the end of file arrives.
 */
#include <string.h>
#include <sys/socket.h>

#include "twin.h"

static void handle_client(int fd)
{
	ssize_t sent;

	twin_read_until_end(fd);
	sent = send(fd, TWIN_REPLY, strlen(TWIN_REPLY), MSG_NOSIGNAL);
	twin_show(sent == (ssize_t)strlen(TWIN_REPLY), "handle_client: send() to a half-closed peer");
	twin_close(fd);
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_end_sending(pair.client);
	handle_client(pair.server);
	twin_receive(pair.client, TWIN_REPLY);
	twin_read_until_end(pair.client);
	twin_close(pair.client);
	return 0;
}
