/*
 * haproxy 1231, the bad program: the end of file is seen, and the connection is never closed.
 *
 * https://github.com/haproxy/haproxy/issues/1231: a browser preconnects, that is, it opens a
 * connection in case it may want one, and closes it without a request. The proxy has no request to
 * which it could report the end, and keeps the connection in CLOSE_WAIT. (The pattern is as our list of
 * such bugs has it: the text of the issue was not to be had when this was written.)
 *
 * Pattern: accept; epoll for EPOLLIN and EPOLLRDHUP; recv returns 0; no request, so nothing to do.
 *
 * Rule: close-wait-leak
 * Cause: eof-read
 * Fault: read_request
 */
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

enum { PATIENCE_MS = 5000 };

struct request {
	char text[128];
	bool begun;
	bool ended;
};

TWIN_IN_STACKS static void read_request(int fd, struct request *request)
{
	ssize_t got = recv(fd, request->text, sizeof(request->text), 0);

	if (got > 0)
		request->begun = true;
	/* An end of file is an event of a request, and there is none. */
	if (got == 0 && request->begun)
		request->ended = true;
}

static void watch_connection(int epoll, int fd)
{
	struct epoll_event events = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};

	twin_require(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &events) == 0, "EPOLL_CTL_ADD");
}

/* There is nothing more to read: EPOLLRDHUP would be told over and over. */
static void stop_watching(int epoll, int fd)
{
	twin_require(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == 0, "EPOLL_CTL_DEL");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int browser = twin_connect(port);
	int fd = twin_accept(listener);
	struct request request = {.begun = false};
	struct epoll_event event;

	twin_require(epoll != -1, "epoll_create1()");
	watch_connection(epoll, fd);
	twin_close(browser);
	twin_require(epoll_wait(epoll, &event, 1, PATIENCE_MS) == 1, "epoll_wait()");
	read_request(event.data.fd, &request);
	stop_watching(epoll, fd);
	twin_show(!request.ended, "read_request: recv() = 0, and no request that could end");
	twin_require(!twin_wait_readable(listener, seconds), "no other browser comes");
	/* Only the end of the proxy closes what it has kept. */
	twin_close(fd);
	twin_close(listener);
	twin_close(epoll);
	return 0;
}
