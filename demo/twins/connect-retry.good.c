/*
 * connect-retry, the good twin: each try has a socket of its own.
 */
#include <errno.h>
#include <sys/socket.h>

#include "twin.h"

static int connect_with_retry(uint16_t port, int late_listener)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();

	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		twin_show(errno == ECONNREFUSED, "connect_with_retry: refused, again on a new socket");
		twin_close(fd);
		twin_start_listening(late_listener);
		fd = twin_socket();
	}
	return fd;
}

int main(void)
{
	uint16_t port = 0;
	/* Bound only: the port is taken, and its connections are refused. */
	int listener = twin_bind(&port);
	int client = connect_with_retry(port, listener);
	int server = twin_accept(listener);

	twin_close(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	return 0;
}
