/*
 * mosquitto 948, the good program: the broker knows how many clients it can hold.
 *
 * While there is no room it does not watch the listener, so that it sleeps until a client leaves;
 * accept() never fails. (To keep a spare descriptor, and to accept and close with it, stops the spin
 * as well, but by then the descriptors have run out, and that is told.)
 */
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

enum { CLIENTS = 2, ROOM = 1, PATIENCE_MS = 5000 };

static void watch(int epoll, int op, int fd)
{
	struct epoll_event events = {.events = EPOLLIN, .data.fd = fd};

	twin_require(epoll_ctl(epoll, op, fd, &events) == 0, "epoll_ctl()");
}

static int next_event(int epoll)
{
	struct epoll_event event;

	twin_require(epoll_wait(epoll, &event, 1, PATIENCE_MS) == 1, "epoll_wait()");
	return event.data.fd;
}

static void serve_one_by_one(int epoll, int listener, const int *clients)
{
	for (int i = 0; i < CLIENTS; i++) {
		int fd;

		watch(epoll, EPOLL_CTL_ADD, listener);
		twin_require(next_event(epoll) == listener, "a client in the queue");
		fd = twin_accept(listener);
		/* No room: the next client waits in the queue. */
		watch(epoll, EPOLL_CTL_DEL, listener);
		watch(epoll, EPOLL_CTL_ADD, fd);
		twin_end_sending(clients[i]);
		twin_require(next_event(epoll) == fd, "the client's data");
		twin_read_until_end(fd);
		twin_close(fd);
	}
}

int main(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int clients[CLIENTS];

	twin_require(epoll != -1, "epoll_create1()");
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = twin_connect(port);
		twin_send(clients[i], TWIN_REQUEST);
	}
	twin_limit_descriptors(ROOM);
	serve_one_by_one(epoll, listener, clients);
	twin_unlimit_descriptors();
	for (int i = 0; i < CLIENTS; i++) {
		twin_read_until_end(clients[i]);
		twin_close(clients[i]);
	}
	twin_close(listener);
	twin_close(epoll);
	twin_show(true, "serve_one_by_one: two clients, room for one");
	return 0;
}
