/*
 * reuseaddr-too-late, the good twin: SO_REUSEADDR, then bind(), then listen().
 */
#include <sys/socket.h>

#include "twin.h"

static int open_listener(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;
	int rc;

	rc = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	twin_show(rc == 0, "open_listener: SO_REUSEADDR before bind() = 0");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

int main(void)
{
	twin_close(open_listener(twin_free_port()));
	return 0;
}
