/*
 * state-threads 4, the good program: EPOLLRDHUP is asked for, and its event ends the session.
 */
#define _GNU_SOURCE 1 /* For EPOLLRDHUP. */

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

enum { PATIENCE_MS = 5000 };

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int fd = twin_accept(listener);
	struct epoll_event event = {.events = EPOLLPRI | EPOLLRDHUP, .data.fd = fd};

	twin_require(epoll != -1, "epoll_create1()");
	twin_require(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "EPOLL_CTL_ADD");
	twin_send(fd, TWIN_REPLY);
	twin_receive(client, TWIN_REPLY);
	twin_close(client);
	twin_require(epoll_wait(epoll, &event, 1, PATIENCE_MS) == 1, "epoll_wait()");
	twin_show(event.events & EPOLLRDHUP, "main: EPOLLRDHUP, and close()");
	twin_close(fd);
	twin_require(!twin_wait_readable(listener, seconds), "no other client comes");
	twin_close(listener);
	twin_close(epoll);
	return 0;
}
