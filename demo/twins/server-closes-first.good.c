/*
 * server-closes-first, the good twin: the server answers and then waits for the
 * client's end of file, so that TIME_WAIT stays with the client.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void answer_client(int fd)
{
	twin_receive(fd, TWIN_REQUEST);
	twin_send(fd, TWIN_REPLY);
}

static void finish_client(int fd)
{
	twin_read_until_end(fd);
	twin_show(close(fd) == 0, "finish_client: the server closes second");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	answer_client(pair.server);
	twin_receive(pair.client, TWIN_REPLY);
	twin_close(pair.client);
	finish_client(pair.server);
	return 0;
}
