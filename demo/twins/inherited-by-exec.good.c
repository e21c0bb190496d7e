/*
 * inherited-by-exec, the good twin: SOCK_CLOEXEC where the socket is made, so that
 * no exec() can come in between.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static int open_listener(void)
{
	struct sockaddr_in address = twin_loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	twin_require(fd != -1, "socket()");
	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

static void run_helper(int channel)
{
	(void)channel;
	execlp("true", "true", (char *)NULL);
	twin_require(false, "execlp(\"true\")");
}

int main(void)
{
	int listener = open_listener();

	twin_wait_child(twin_start_child(run_helper));
	twin_show(true, "run_helper: the helper program had no socket");
	twin_close(listener);
	return 0;
}
