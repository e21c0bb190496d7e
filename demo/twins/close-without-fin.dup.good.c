/*
 * close-without-fin, a good twin: the connection moves to another descriptor.
 *
 * The close() of the first descriptor ends nothing, and must not: the program goes
 * on with the dup, as a server that inetd style puts its client on 0 and 1. The
 * dup's own close() sends the FIN.
 */
#define _GNU_SOURCE 1 /* For F_DUPFD_CLOEXEC in older headers. */

#include <fcntl.h>
#include <unistd.h>

#include "twin.h"

enum { FIRST_NUMBER = 20 };

static int move_connection(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_NUMBER);

	twin_require(moved != -1, "fcntl(F_DUPFD_CLOEXEC)");
	twin_show(close(fd) == 0, "move_connection: close() of the old number only");
	return moved;
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	pair.client = move_connection(pair.client);
	twin_receive(pair.server, TWIN_REQUEST);
	twin_send(pair.server, TWIN_REPLY);
	twin_receive(pair.client, TWIN_REPLY);
	twin_close(pair.client);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
