/*
 * send-after-shutdown, the bad twin: sends after it has said that it sends no more.
 *
 * The second half of the request comes after shutdown(SHUT_WR): send() fails with
 * EPIPE, and without MSG_NOSIGNAL the program would be dead.
 *
 * Fault: ask_server
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static void ask_server(int fd)
{
	ssize_t sent;

	twin_send(fd, TWIN_REQUEST);
	twin_end_sending(fd);
	sent = send(fd, TWIN_REQUEST, strlen(TWIN_REQUEST), MSG_NOSIGNAL);
	twin_show(sent == -1 && errno == EPIPE, "ask_server: send() after shutdown(SHUT_WR) = -1 EPIPE");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	ask_server(pair.client);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	twin_read_until_end(pair.client);
	twin_close(pair.client);
	return 0;
}
