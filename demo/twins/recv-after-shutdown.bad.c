/*
 * recv-after-shutdown, the bad twin: reads after shutdown(SHUT_RD).
 *
 * The client wants to wait until the server has taken the request and closes, but
 * shuts the wrong direction. From then on recv() returns 0 whatever the server
 * does, and the client believes that it is done.
 *
 * Fault: wait_until_taken
 */
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static void wait_until_taken(int fd)
{
	char text[128];
	ssize_t got;

	twin_require(shutdown(fd, SHUT_RD) == 0, "shutdown(SHUT_RD)");
	got = recv(fd, text, sizeof(text), 0);
	twin_show(got == 0, "wait_until_taken: recv() after shutdown(SHUT_RD) = 0, of this side's making");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	wait_until_taken(pair.client);
	twin_close(pair.client);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
