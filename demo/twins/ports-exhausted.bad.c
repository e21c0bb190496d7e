/*
 * ports-exhausted, the bad twin: a new connection for every question.
 *
 * The client closes first, as it should, so each question leaves one of its ports
 * in TIME_WAIT towards the server; when all are used up, connect() fails with
 * EADDRNOTAVAIL. The kernel has some 28,000 ports to give; this program allows
 * itself a handful.
 *
 * Fault: ask_server
 */
#include <errno.h>
#include <sys/socket.h>

#include "ports.h"
#include "twin.h"

/* A bound for the case that the ports never run out. */
enum { QUESTIONS_MAX = 50 * FEW_PORTS };

TWIN_IN_STACKS static bool ask_server(uint16_t port, int listener, uint16_t first_port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = socket_with_few_ports(first_port);
	bool connected = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	int server;

	if (!connected) {
		twin_show(errno == EADDRNOTAVAIL, "ask_server: connect() = -1 EADDRNOTAVAIL");
		twin_close(fd);
		return false;
	}
	server = twin_accept(listener);
	twin_send(fd, TWIN_REQUEST);
	twin_close(fd);
	twin_read_until_end(server);
	twin_close(server);
	return true;
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	uint16_t first_port = twin_free_port();
	int questions = 0;

	/* The kernel may give a port again after a second: more than one round can be needed. */
	while (questions < QUESTIONS_MAX && ask_server(port, listener, first_port))
		questions++;
	twin_require(questions < QUESTIONS_MAX, "a connect() that fails for want of a port");
	twin_close(listener);
	return 0;
}
