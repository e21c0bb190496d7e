/*
 * haproxy 1231, the good program: a connection that ends without a request is closed.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

enum { PATIENCE_MS = 5000 };

/* False at the end of file, with a request or without. */
static bool read_request(int fd)
{
	char text[128];
	ssize_t got = recv(fd, text, sizeof(text), 0);

	twin_require(got >= 0, "recv()");
	return got > 0;
}

static void watch_connection(int epoll, int fd)
{
	struct epoll_event events = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};

	twin_require(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &events) == 0, "EPOLL_CTL_ADD");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int browser = twin_connect(port);
	struct epoll_event event;

	twin_require(epoll != -1, "epoll_create1()");
	watch_connection(epoll, twin_accept(listener));
	twin_close(browser);
	twin_require(epoll_wait(epoll, &event, 1, PATIENCE_MS) == 1, "epoll_wait()");
	twin_show(!read_request(event.data.fd), "read_request: recv() = 0, and close()");
	twin_close(event.data.fd);
	twin_require(!twin_wait_readable(listener, seconds), "no other browser comes");
	twin_close(listener);
	twin_close(epoll);
	return 0;
}
