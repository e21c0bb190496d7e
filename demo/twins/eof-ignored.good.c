/*
 * eof-ignored, the good twin: the end of file ends the loop, whether the record is
 * full or not.
 */
#include <sys/socket.h>

#include "twin.h"

enum { RECORD_SIZE = 64 };

static void handle_client(int fd)
{
	char record[RECORD_SIZE];
	size_t filled = 0;

	while (filled < sizeof(record)) {
		ssize_t got = recv(fd, record + filled, sizeof(record) - filled, 0);

		twin_require(got >= 0, "recv()");
		if (got == 0)
			break;
		filled += (size_t)got;
	}
	twin_show(filled < sizeof(record), "handle_client: recv() = 0 ends the record and the loop");
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
