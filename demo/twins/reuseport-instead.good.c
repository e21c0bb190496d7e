/*
 * reuseport-instead, the good twin: SO_REUSEADDR, which only lets a restart pass
 * over TIME_WAIT and keeps a second listener out.
 */
#include <sys/socket.h>

#include "twin.h"

static int open_listener(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_show(listen(fd, SOMAXCONN) == 0, "open_listener: listens with SO_REUSEADDR");
	return fd;
}

int main(void)
{
	twin_close(open_listener(twin_free_port()));
	return 0;
}
