/*
 * jetty 1848, the bad program: SO_LINGER with 0 seconds, by an error of units.
 *
 * https://github.com/jetty/jetty.project/issues/1848 (2017): clients got part of a response. The
 * server's soLingerTime is in milliseconds and was given in seconds (dropwizard issue 2175 tells how);
 * divided by 1000 for the kernel that is 0, and close() throws away what is not sent yet.
 *
 * Pattern: setsockopt(SO_LINGER, 30 / 1000 s); a response that the client reads slowly; close.
 *
 * Rule: abortive-close
 * Severity: note
 * Fault: close_endpoint
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { LINGER_S = 30, SEND_BUFFER = 64 * 1024, BLOCK = 16 * 1024 };

static char block[BLOCK];

/* The time is in milliseconds; the caller means seconds. */
static void configure_endpoint(int fd, int linger_ms)
{
	struct linger linger = {.l_onoff = linger_ms >= 0, .l_linger = linger_ms / 1000};
	int size = SEND_BUFFER;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0, "SO_LINGER");
	twin_require(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0, "SO_SNDBUF");
}

/* As much as the two buffers take. */
static size_t send_response(int fd)
{
	size_t total = 0;
	ssize_t sent;

	while ((sent = send(fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		total += (size_t)sent;
	twin_require(sent == -1 && errno == EAGAIN, "send() until the buffers are full");
	return total;
}

TWIN_IN_STACKS static void close_endpoint(int fd)
{
	twin_show(close(fd) == 0, "close_endpoint: close() with RST");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();
	size_t received = 0;
	size_t sent;
	ssize_t got;

	twin_send(pair.client, TWIN_REQUEST);
	twin_receive(pair.server, TWIN_REQUEST);
	configure_endpoint(pair.server, LINGER_S);
	sent = send_response(pair.server);
	close_endpoint(pair.server);
	while ((got = recv(pair.client, block, sizeof(block), 0)) > 0)
		received += (size_t)got;
	twin_require(got == -1 && errno == ECONNRESET, "recv() = -1 ECONNRESET at the client");
	twin_require(received < sent, "a response that is cut off");
	twin_close(pair.client);
	return 0;
}
