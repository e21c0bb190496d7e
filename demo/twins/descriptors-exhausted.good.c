/*
 * descriptors-exhausted, the good twin: closes each session before the next, and
 * needs two descriptors for as many sessions as there are.
 */
#include <sys/socket.h>

#include "twin.h"

enum { ROOM = 12, SESSIONS = 4 * ROOM };

static void run_session(uint16_t port, int listener)
{
	int client = twin_connect(port);
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	twin_close(client);
	twin_read_until_end(server);
	twin_close(server);
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);

	twin_limit_descriptors(ROOM);
	for (int session = 0; session < SESSIONS; session++)
		run_session(port, listener);
	twin_unlimit_descriptors();
	twin_close(listener);
	twin_show(true, "run_session: more sessions than descriptors");
	return 0;
}
