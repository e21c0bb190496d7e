/*
 * close-with-unread-data, a good twin: a lingering close, as web servers do it.
 *
 * The server has answered without reading all that the client sends. It ends its own
 * direction first, reads and throws away what still comes until the client ends, and
 * only then closes: FIN and not RST, and the answer arrives.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void drain_and_close(int fd)
{
	char rest[64];

	while (recv(fd, rest, sizeof(rest), 0) > 0)
		;
	twin_close(fd);
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_receive(pair.server, TWIN_REQUEST);
	twin_send(pair.client, "and a body that nobody reads");
	twin_send(pair.server, TWIN_REPLY);
	twin_require(shutdown(pair.server, SHUT_WR) == 0, "shutdown(SHUT_WR)");
	twin_receive(pair.client, TWIN_REPLY);
	twin_read_until_end(pair.client);
	twin_close(pair.client);
	drain_and_close(pair.server);
	return 0;
}
