/*
 * eof-ignored, the bad twin: reads on after the end of file.
 *
 * handle_client() waits for a full record and counts only what comes. When the
 * client ends in the middle of one, recv() returns 0 at once and for ever; here
 * the loop gives up after some tries, elsewhere it takes a whole processor.
 *
 * Fault: handle_client
 */
#include <sys/socket.h>

#include "twin.h"

enum { RECORD_SIZE = 64, TRIES = 8 };

TWIN_IN_STACKS static void handle_client(int fd)
{
	char record[RECORD_SIZE];
	size_t filled = 0;

	for (int tries = 0; filled < sizeof(record) && tries < TRIES; tries++) {
		ssize_t got = recv(fd, record + filled, sizeof(record) - filled, 0);

		twin_require(got >= 0, "recv()");
		filled += (size_t)got;
	}
	twin_show(filled < sizeof(record), "handle_client: recv() = 0, over and over");
	twin_close(fd);
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	handle_client(pair.server);
	return 0;
}
