/*
 * grpc 17298, the bad program: a second server binds the port of the first, silently.
 *
 * https://github.com/grpc/grpc/issues/17298 (2018): the library sets SO_REUSEPORT, so the same server
 * can be started several times without an error. Clients then reach one of them at random.
 *
 * Pattern: setsockopt(SO_REUSEPORT); bind; listen; in two processes.
 *
 * Rule: reuseport-instead
 * Fault: start_server
 */
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

TWIN_IN_STACKS static int start_server(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0, "SO_REUSEPORT");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

static void run_first_server(int channel)
{
	int listener = start_server(twin_hear(channel));

	twin_tell(channel, 0);
	twin_hear(channel);
	twin_close(listener);
}

int main(void)
{
	uint16_t port = twin_free_port();
	struct twin_child first_server = twin_start_child(run_first_server);
	int listener;

	twin_tell(first_server.channel, port);
	twin_hear(first_server.channel);
	listener = start_server(port);
	twin_show(listener != -1, "start_server: two servers on one port, and no error");
	twin_tell(first_server.channel, 0);
	twin_wait_child(first_server);
	twin_close(listener);
	return 0;
}
