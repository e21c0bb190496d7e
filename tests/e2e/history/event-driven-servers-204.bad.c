/*
 * event-driven-servers 204, the bad program: the end of file is taken for a piece of data.
 *
 * https://github.com/MarcJHuber/event-driven-servers/issues/204 (pull requests 201 and 203 of 2025
 * tell it): recv_inject() of tac_plus-ng took every return value above -1 for success, 0 with them. A
 * peer that closed left a connection in CLOSE_WAIT and a process that called recv() for ever.
 *
 * Pattern: poll says readable; recv returns 0; nothing was added, so wait for more; and again.
 *
 * Rule: eof-ignored
 * Fault: recv_inject
 *
 * Rule: close-wait-leak
 * Cause: eof-ignored
 * Fault: recv_inject
 */
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

/* The original does not pause: it takes a whole processor. */
enum { PACKET_SIZE = 64, PAUSE_MS = 20, LEAST_ROUNDS = 8 };

struct session {
	int fd;
	char packet[PACKET_SIZE];
	size_t filled;
};

TWIN_IN_STACKS static void recv_inject(struct session *session)
{
	ssize_t got = recv(session->fd, session->packet + session->filled, PACKET_SIZE - session->filled, 0);

	if (got > -1)
		session->filled += (size_t)got;
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_pair pair = twin_open_pair();
	struct session session = {.fd = pair.server};
	int rounds = (int)(seconds * 1000 / PAUSE_MS);

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	for (int round = 0; round < rounds || round < LEAST_ROUNDS; round++) {
		twin_require(twin_wait_readable(session.fd, seconds), "data, or what is taken for it");
		recv_inject(&session);
		poll(NULL, 0, PAUSE_MS);
	}
	twin_show(session.filled < PACKET_SIZE, "recv_inject: recv() = 0, over and over");
	twin_close(session.fd);
	return 0;
}
