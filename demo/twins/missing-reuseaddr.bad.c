/*
 * missing-reuseaddr, the bad twin: listens on a fixed port without SO_REUSEADDR.
 *
 * Today all is well. On the day that the server closes a connection first, or
 * crashes with clients, its port has connections in TIME_WAIT and a restart
 * fails with EADDRINUSE for a minute.
 *
 * Fault: open_listener
 */
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static int open_listener(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();

	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_show(listen(fd, SOMAXCONN) == 0, "open_listener: listens without SO_REUSEADDR");
	return fd;
}

int main(void)
{
	uint16_t port = twin_free_port();
	int listener = open_listener(port);
	int client = twin_connect(port);
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	twin_close(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	return 0;
}
