/*
 * grpc 17298, the good program: SO_REUSEADDR, which a restart needs, and not SO_REUSEPORT.
 *
 * The second server is started when the first one has ended. Started before, it would be refused
 * with EADDRINUSE, which is what the reporter expected (and what the tool tells, too).
 */
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

static int start_server(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
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
	twin_tell(first_server.channel, 0);
	twin_wait_child(first_server);
	listener = start_server(port);
	twin_show(listener != -1, "start_server: one server at a time");
	twin_close(listener);
	return 0;
}
