/*
 * proxysql 41, the bad program: SO_REUSEADDR is set, and too late.
 *
 * https://github.com/renecannao/proxysql-old/issues/41 (2014): "setsockopt() with SO_REUSEADDR needs
 * to be called before bind() to take effect".
 *
 * Pattern: socket; bind; setsockopt(SO_REUSEADDR); listen.
 *
 * Rule: reuseaddr-too-late
 * Fault: listen_on_port
 */
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

TWIN_IN_STACKS static int listen_on_port(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;

	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_show(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "listen_on_port: set after bind()");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

int main(void)
{
	twin_close(listen_on_port(twin_free_port()));
	return 0;
}
