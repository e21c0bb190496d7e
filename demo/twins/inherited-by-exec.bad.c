/*
 * inherited-by-exec, the bad twin: a helper program gets the server's listener.
 *
 * The listener is not close-on-exec, so every program that the server starts has
 * it open; one that lives long keeps the port taken after the server has gone.
 * The helper has it open when it ends, so open-at-exit may say so there.
 *
 * Fault: run_helper
 * Created: open_listener
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

TWIN_IN_STACKS static int open_listener(void)
{
	struct sockaddr_in address = twin_loopback(0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	twin_require(fd != -1, "socket()");
	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

TWIN_IN_STACKS static void run_helper(int channel)
{
	(void)channel;
	execlp("true", "true", (char *)NULL);
	twin_require(false, "execlp(\"true\")");
}

int main(void)
{
	int listener = open_listener();

	twin_wait_child(twin_start_child(run_helper));
	twin_show(true, "run_helper: the helper program had the listener open");
	twin_close(listener);
	return 0;
}
