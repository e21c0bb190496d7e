/*
 * state-threads 4, the bad program: the peer's FIN is never noticed.
 *
 * https://github.com/toffaletti/state-threads/issues/4 (2015, "Epoll event engine is missing
 * EPOLLRDHUP", "This causes CLOSE_WAIT-state sockets to linger"): the library's epoll set never asked
 * for EPOLLRDHUP. A session that does not wait for data, such as one that only sends from time to time,
 * hears nothing of a client that has left.
 *
 * Pattern: accept; epoll without EPOLLIN and EPOLLRDHUP; the client closes; no event, no recv.
 *
 * Rule: close-wait-leak
 * Cause: eof-unread
 * Fault: accept_client
 */
#define _GNU_SOURCE 1 /* For accept4(). */

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

TWIN_IN_STACKS static int accept_client(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	twin_require(fd != -1, "accept4()");
	return fd;
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int fd = accept_client(listener);
	/* Errors and the end of both directions are told unasked. The end of one is not. */
	struct epoll_event event = {.events = EPOLLPRI, .data.fd = fd};

	twin_require(epoll != -1, "epoll_create1()");
	twin_require(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "EPOLL_CTL_ADD");
	twin_send(fd, TWIN_REPLY);
	twin_receive(client, TWIN_REPLY);
	twin_close(client);
	twin_show(epoll_wait(epoll, &event, 1, (int)(seconds * 1000)) == 0, "accept_client: no event for the FIN");
	/* Only the end of the service closes what it has kept. */
	twin_close(fd);
	twin_close(listener);
	twin_close(epoll);
	return 0;
}
