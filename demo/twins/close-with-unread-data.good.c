/*
 * close-with-unread-data, the good twin: reads to the end of file, then closes.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void handle_client(int fd)
{
	twin_receive(fd, TWIN_REQUEST);
	twin_read_until_end(fd);
	twin_show(close(fd) == 0, "handle_client: read to the end, then close()");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_send(pair.client, TWIN_REQUEST);
	twin_end_sending(pair.client);
	handle_client(pair.server);
	twin_read_until_end(pair.client);
	twin_close(pair.client);
	return 0;
}
