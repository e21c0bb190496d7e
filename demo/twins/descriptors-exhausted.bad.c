/*
 * descriptors-exhausted, the bad twin: opens sessions and closes none.
 *
 * The limit is lowered to a dozen descriptors, so that it is reached soon. Then
 * socket() fails with EMFILE, and whatever else the program wants to open.
 *
 * Fault: open_session
 * Created: open_session
 */
#include <errno.h>
#include <sys/socket.h>

#include "twin.h"

enum { ROOM = 12 };

TWIN_IN_STACKS static int open_session(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1) {
		twin_show(errno == EMFILE, "open_session: socket() = -1 EMFILE");
		return -1;
	}
	twin_require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	return fd;
}

static void close_sessions(const int *sessions, int count, int listener)
{
	for (int i = 0; i < count; i++)
		twin_close(sessions[i]);
	for (int i = 0; i < count; i++) {
		int server = twin_accept(listener);

		twin_read_until_end(server);
		twin_close(server);
	}
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int sessions[ROOM + 1];
	int count = 0;

	twin_limit_descriptors(ROOM);
	while (count <= ROOM && (sessions[count] = open_session(port)) != -1)
		count++;
	twin_require(count <= ROOM, "a socket() that fails for want of a descriptor");
	close_sessions(sessions, count, listener);
	twin_unlimit_descriptors();
	twin_close(listener);
	return 0;
}
