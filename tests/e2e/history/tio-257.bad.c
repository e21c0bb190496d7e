/*
 * tio 257, the bad program: no SO_REUSEADDR, so the next start fails.
 *
 * https://github.com/tio/tio/issues/257 (2024): a terminal program that serves its port on a socket
 * is closed and started again: "Failed to bind to socket (Address already in use)", for as long as
 * a connection of the last run is in TIME_WAIT.
 *
 * Pattern: bind; listen; accept; close first; and again bind.
 *
 * Rule: missing-reuseaddr
 * Cause: time-wait
 * Fault: configure_socket
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { NO_DESCRIPTOR = -1 };

/* NO_DESCRIPTOR where the address is in use. */
TWIN_IN_STACKS static int configure_socket(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		twin_require(errno == EADDRINUSE, "bind()");
		twin_close(fd);
		return NO_DESCRIPTOR;
	}
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

/* One run of the program: it is quit, and so closes first, while a client is connected. */
static void run_until_quit(uint16_t port)
{
	int listener = configure_socket(port);
	int client = twin_connect(port);
	int fd = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	twin_receive(fd, TWIN_REQUEST);
	twin_close(fd);
	twin_close(listener);
	twin_read_until_end(client);
	twin_close(client);
}

int main(void)
{
	uint16_t port = twin_free_port();

	run_until_quit(port);
	twin_show(configure_socket(port) == NO_DESCRIPTOR, "configure_socket: bind() = -1 EADDRINUSE");
	return 0;
}
