/*
 * reuseport-instead, the bad twin: sets SO_REUSEPORT where SO_REUSEADDR was meant.
 *
 * The names are alike, the options are not: SO_REUSEPORT lets a second process of
 * the same user listen on the port and take half of its connections, silently.
 *
 * Fault: open_listener
 */
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static int open_listener(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0, "SO_REUSEPORT");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_show(listen(fd, SOMAXCONN) == 0, "open_listener: listens with SO_REUSEPORT alone");
	return fd;
}

int main(void)
{
	twin_close(open_listener(twin_free_port()));
	return 0;
}
