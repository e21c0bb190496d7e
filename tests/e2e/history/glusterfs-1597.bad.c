/*
 * glusterfs 1597, the bad program: shutdown() instead of close().
 *
 * https://github.com/gluster/glusterfs/issues/1597 (2020): disconnecting a transport led to
 * shutdown(SHUT_RDWR) and no further: the connection is over, and its descriptor is not freed. Each
 * reconnect costs one.
 *
 * Pattern: connect; shutdown(SHUT_RDWR); forget the descriptor; connect again.
 *
 * Rule: shutdown-without-close
 * Fault: socket_shutdown
 */
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

enum { RECONNECTS = 3, NO_DESCRIPTOR = -1 };

struct transport {
	int sock;
};

TWIN_IN_STACKS static void socket_shutdown(struct transport *transport)
{
	twin_require(shutdown(transport->sock, SHUT_RDWR) == 0, "shutdown(SHUT_RDWR)");
}

static void socket_disconnect(struct transport *transport)
{
	socket_shutdown(transport);
	transport->sock = NO_DESCRIPTOR;
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int brick = twin_listen(&port);

	for (int i = 0; i < RECONNECTS; i++) {
		struct transport transport = {.sock = twin_connect(port)};
		int fd = twin_accept(brick);

		twin_send(transport.sock, TWIN_REQUEST);
		twin_receive(fd, TWIN_REQUEST);
		socket_disconnect(&transport);
		twin_read_until_end(fd);
		twin_close(fd);
	}
	twin_show(!twin_wait_readable(brick, seconds), "socket_shutdown: three descriptors, and no connection");
	twin_close(brick);
	return 0;
}
