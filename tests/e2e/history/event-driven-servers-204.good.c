/*
 * event-driven-servers 204, the good program: 0 ends the session.
 *
 * As pull request 203 has it: only more than 0 is data, and at the end of file the connection is
 * closed at once, with half a packet in the buffer.
 */
#include <stddef.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

enum { PACKET_SIZE = 64, PATIENCE_S = 5 };

struct session {
	int fd;
	char packet[PACKET_SIZE];
	size_t filled;
};

/* False at the end of file. */
static bool recv_inject(struct session *session)
{
	ssize_t got = recv(session->fd, session->packet + session->filled, PACKET_SIZE - session->filled, 0);

	twin_require(got >= 0, "recv()");
	session->filled += (size_t)got;
	return got > 0;
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();
	struct session session = {.fd = pair.server};

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	do
		twin_require(twin_wait_readable(session.fd, PATIENCE_S), "data, or the end of file");
	while (recv_inject(&session));
	twin_close(session.fd);
	twin_show(session.filled < PACKET_SIZE, "recv_inject: recv() = 0 once, and close()");
	return 0;
}
