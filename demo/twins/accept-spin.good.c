/*
 * accept-spin, the good twin: a server that knows how many clients it can hold.
 *
 * It has room for one; the next stays in the listener's queue and is accepted when
 * the first has gone. accept() never fails.
 */
#include <sys/socket.h>

#include "twin.h"

enum { CLIENTS = 2 };

static void serve_one_by_one(int listener, const int *clients)
{
	for (int i = 0; i < CLIENTS; i++) {
		int fd = twin_accept(listener);

		twin_receive(fd, TWIN_REQUEST);
		twin_end_sending(clients[i]);
		twin_read_until_end(fd);
		twin_close(fd);
	}
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int clients[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = twin_connect(port);
		twin_send(clients[i], TWIN_REQUEST);
	}
	twin_limit_descriptors(1);
	serve_one_by_one(listener, clients);
	twin_unlimit_descriptors();
	for (int i = 0; i < CLIENTS; i++) {
		twin_read_until_end(clients[i]);
		twin_close(clients[i]);
	}
	twin_close(listener);
	twin_show(true, "serve_one_by_one: two clients, room for one");
	return 0;
}
