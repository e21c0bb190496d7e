/*
 * missing-reuseaddr, the good twin: SO_REUSEADDR before bind(), on every start.
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

static void serve_one_client(uint16_t port)
{
	int listener = open_listener(port);
	int client = twin_connect(port);
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	twin_close(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
}

int main(void)
{
	uint16_t port = twin_free_port();

	serve_one_client(port);
	serve_one_client(port);
	return 0;
}
