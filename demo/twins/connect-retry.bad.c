/*
 * connect-retry, the bad twin: connects again on a socket whose connect() failed.
 *
 * Linux lets it pass; POSIX leaves the state of such a socket unspecified, and on
 * other systems every further connect() fails.
 *
 * Fault: connect_with_retry
 */
#include <errno.h>
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static int connect_with_retry(uint16_t port, int late_listener)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();

	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		twin_show(errno == ECONNREFUSED, "connect_with_retry: refused, again on the same socket");
		twin_start_listening(late_listener);
	}
	return fd;
}

int main(void)
{
	uint16_t port = 0;
	/* Bound only: the port is taken, and its connections are refused. */
	int listener = twin_bind(&port);
	int client = connect_with_retry(port, listener);
	int server = twin_accept(listener);

	twin_close(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	return 0;
}
