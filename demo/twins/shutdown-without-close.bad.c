/*
 * shutdown-without-close, the bad twin: shuts both directions and never closes.
 *
 * shutdown() ends the connection and frees nothing; the descriptor is gone only
 * with close(). A program that does this for every connection runs out of
 * descriptors while ss shows no connection at all. It is open when the program
 * ends, too, so open-at-exit may say so.
 *
 * Fault: leave_server
 * Created: enter_server
 */
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static int enter_server(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	twin_require(fd != -1, "socket()");
	twin_require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	return fd;
}

TWIN_IN_STACKS static void leave_server(int fd)
{
	twin_show(shutdown(fd, SHUT_RDWR) == 0, "leave_server: shutdown(SHUT_RDWR), and no close()");
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = enter_server(port);
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	leave_server(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	return 0;
}
