/*
 * reuseaddr-too-late, the bad twin: sets SO_REUSEADDR after bind().
 *
 * The option tells bind() what it may pass over; set later, it is accepted and
 * changes nothing for this start. It looks right in a review, and the restart over
 * TIME_WAIT fails all the same.
 *
 * Fault: open_listener
 */
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static int open_listener(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;
	int rc;

	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	rc = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	twin_show(rc == 0, "open_listener: SO_REUSEADDR after bind() = 0, and too late");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

int main(void)
{
	twin_close(open_listener(twin_free_port()));
	return 0;
}
