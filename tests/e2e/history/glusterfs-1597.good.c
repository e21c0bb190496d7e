/*
 * glusterfs 1597, the good program: close() after shutdown().
 */
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

enum { RECONNECTS = 3, NO_DESCRIPTOR = -1 };

struct transport {
	int sock;
};

static void socket_disconnect(struct transport *transport)
{
	twin_require(shutdown(transport->sock, SHUT_RDWR) == 0, "shutdown(SHUT_RDWR)");
	twin_close(transport->sock);
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
	twin_show(!twin_wait_readable(brick, seconds), "socket_disconnect: neither descriptors nor connections");
	twin_close(brick);
	return 0;
}
