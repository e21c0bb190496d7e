/*
 * proxysql 41, the good program: SO_REUSEADDR is set between socket() and bind().
 */
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

static int listen_on_port(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;

	twin_show(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "listen_on_port: set before bind()");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

int main(void)
{
	twin_close(listen_on_port(twin_free_port()));
	return 0;
}
