/*
 * tio 257, the good program: SO_REUSEADDR before bind(), and the next start succeeds.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

static int configure_socket(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
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
	run_until_quit(port);
	twin_show(true, "configure_socket: bind() = 0, over TIME_WAIT");
	return 0;
}
