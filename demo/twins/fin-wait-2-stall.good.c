/*
 * fin-wait-2-stall, the good twin: the server accepts, reads to the end and closes,
 * so that the client's side passes through FIN_WAIT_2 in no time.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void leave_server(int fd)
{
	twin_show(close(fd) == 0, "leave_server: close(), and the server closes as well");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	leave_server(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_require(!twin_wait_readable(listener, seconds), "no other client comes");
	twin_close(listener);
	return 0;
}
