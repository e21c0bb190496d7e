/*
 * fin-wait-2-stall, the bad twin: the client has closed and the server does not.
 *
 * The client does nothing wrong; it is the one who can see that the other end has
 * the CLOSE_WAIT bug. The server is one that hangs: its kernel completes the
 * connection in the listener's queue, and no accept() ever comes for it.
 *
 * Fault: leave_server
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

TWIN_IN_STACKS static void leave_server(int fd)
{
	twin_show(close(fd) == 0, "leave_server: close(), and the server never closes");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	uint16_t other_port = 0;
	int other_work = twin_listen(&other_port);
	int client = twin_connect(port);

	twin_send(client, TWIN_REQUEST);
	leave_server(client);
	twin_require(!twin_wait_readable(other_work, seconds), "nothing else comes");
	twin_close(other_work);
	twin_close(listener);
	return 0;
}
