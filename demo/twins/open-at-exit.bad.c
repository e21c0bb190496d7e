/*
 * open-at-exit, the bad twin: the program ends and its listener was never closed.
 *
 * The kernel closes it, so this is a note; in a program that does its work over and
 * over, the same omission is a leak.
 *
 * Fault: open_listener
 * Created: open_listener
 */
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static int open_listener(void)
{
	struct sockaddr_in address = twin_loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	twin_require(fd != -1, "socket()");
	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_show(listen(fd, SOMAXCONN) == 0, "open_listener: a listener that nobody closes");
	return fd;
}

int main(void)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	int listener = open_listener();
	int client = twin_socket();
	int server;

	twin_require(getsockname(listener, (struct sockaddr *)&address, &size) == 0, "getsockname()");
	twin_require(connect(client, (struct sockaddr *)&address, size) == 0, "connect()");
	server = twin_accept(listener);
	twin_close(client);
	twin_read_until_end(server);
	twin_close(server);
	return 0;
}
