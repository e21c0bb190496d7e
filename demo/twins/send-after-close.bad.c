/*
 * send-after-close, the bad twin: answers on a descriptor it has closed.
 *
 * The client has half-closed and waits for the reply; the server takes the end of
 * file for the end of the connection, closes, and answers afterwards. Here send()
 * fails with EBADF; with other threads at work another client may get the answer.
 *
 * Fault: handle_client
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static void handle_client(int fd)
{
	ssize_t sent;

	twin_read_until_end(fd);
	twin_close(fd);
	sent = send(fd, TWIN_REPLY, strlen(TWIN_REPLY), MSG_NOSIGNAL);
	twin_show(sent == -1 && errno == EBADF, "handle_client: send() after close() = -1 EBADF");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_end_sending(pair.client);
	handle_client(pair.server);
	twin_read_until_end(pair.client);
	twin_close(pair.client);
	return 0;
}
