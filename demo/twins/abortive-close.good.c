/*
 * abortive-close, the good twin: a plain close(); TIME_WAIT on a client's side costs
 * next to nothing.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void leave_server(int fd)
{
	twin_show(close(fd) == 0, "leave_server: close() with FIN");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_receive(pair.server, TWIN_REQUEST);
	leave_server(pair.client);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
