/*
 * missing-reuseaddr, a bad twin: bind() fails because another process listens.
 *
 * A second copy of the server is started while the first one, a child process here,
 * is still at work. The error number is the one of TIME_WAIT, the cure is not:
 * who holds the port must be known.
 *
 * Fault: start_second_server
 */
#include <errno.h>
#include <sys/socket.h>

#include "twin.h"

static void listen_until_told(int channel)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);

	twin_tell(channel, port);
	twin_hear(channel);
	twin_close(listener);
}

TWIN_IN_STACKS static void start_second_server(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int rc = bind(fd, (struct sockaddr *)&address, sizeof(address));

	twin_show(rc == -1 && errno == EADDRINUSE, "start_second_server: bind() = -1 EADDRINUSE");
	twin_close(fd);
}

int main(void)
{
	struct twin_child first_server = twin_start_child(listen_until_told);

	start_second_server(twin_hear(first_server.channel));
	twin_tell(first_server.channel, 0);
	twin_wait_child(first_server);
	return 0;
}
