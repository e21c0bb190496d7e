/*
 * mosquitto 948, the bad program: accept() fails with EMFILE, over and over.
 *
 * https://github.com/eclipse-mosquitto/mosquitto/issues/948 (2018): when the limit of open files is
 * reached, the broker takes a whole processor and serves nobody. The next client stays in the
 * listener's queue, so that the poll says readable again at once.
 *
 * Pattern: epoll says readable; accept returns -1 with EMFILE; epoll; accept; ...
 *
 * Rule: accept-spin
 * Fault: socket_accept
 *
 * Rule: descriptors-exhausted
 * Fault: socket_accept
 */
#define _GNU_SOURCE 1 /* For accept4(). */

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

/* "For ever", for a program that must end. */
enum { ROUNDS = 200, PATIENCE_MS = 5000 };

TWIN_IN_STACKS static int socket_accept(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

int main(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
	int client = twin_connect(port);
	int failures = 0;
	int fd;

	twin_require(epoll != -1, "epoll_create1()");
	twin_require(epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0, "EPOLL_CTL_ADD");
	twin_limit_descriptors(0);
	for (int round = 0; round < ROUNDS; round++) {
		twin_require(epoll_wait(epoll, &event, 1, PATIENCE_MS) == 1, "epoll_wait()");
		failures += socket_accept(event.data.fd) == -1 && errno == EMFILE;
	}
	twin_show(failures == ROUNDS, "socket_accept: accept() = -1 EMFILE, over and over");
	twin_unlimit_descriptors();
	fd = twin_accept(listener);
	twin_close(client);
	twin_read_until_end(fd);
	twin_close(fd);
	twin_close(listener);
	twin_close(epoll);
	return 0;
}
