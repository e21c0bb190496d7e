/*
 * ports-exhausted, the good twin: all questions on one connection, with the same
 * handful of ports.
 */
#include <sys/socket.h>

#include "ports.h"
#include "twin.h"

enum { QUESTIONS = 4 * FEW_PORTS };

static void ask_server(int fd, int server)
{
	twin_send(fd, TWIN_REQUEST);
	twin_receive(server, TWIN_REQUEST);
	twin_send(server, TWIN_REPLY);
	twin_receive(fd, TWIN_REPLY);
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	struct sockaddr_in address = twin_loopback(port);
	int fd = socket_with_few_ports(twin_free_port());
	int server;

	twin_require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	server = twin_accept(listener);
	for (int question = 0; question < QUESTIONS; question++)
		ask_server(fd, server);
	twin_close(fd);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	twin_show(true, "main: one connection for all questions");
	return 0;
}
