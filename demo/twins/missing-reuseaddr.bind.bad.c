/*
 * missing-reuseaddr, a bad twin: a restart whose bind() fails over TIME_WAIT.
 *
 * The server has closed first, so the connection's TIME_WAIT is on its port, and
 * it is started again at once without SO_REUSEADDR: EADDRINUSE. That the server
 * closes first, which is a rule of its own, is what makes the TIME_WAIT.
 *
 * Fault: restart_server
 */
#include <errno.h>
#include <sys/socket.h>

#include "twin.h"

static void serve_and_close_first(uint16_t port)
{
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	twin_receive(server, TWIN_REQUEST);
	twin_close(server);
	twin_read_until_end(client);
	twin_close(client);
	twin_close(listener);
}

TWIN_IN_STACKS static void restart_server(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int rc = bind(fd, (struct sockaddr *)&address, sizeof(address));

	twin_show(rc == -1 && errno == EADDRINUSE, "restart_server: bind() = -1 EADDRINUSE");
	twin_close(fd);
}

int main(void)
{
	uint16_t port = twin_free_port();

	serve_and_close_first(port);
	restart_server(port);
	return 0;
}
