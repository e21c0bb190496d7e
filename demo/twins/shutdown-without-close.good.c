/*
 * shutdown-without-close, the good twin: close() follows shutdown().
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void leave_server(int fd)
{
	twin_require(shutdown(fd, SHUT_RDWR) == 0, "shutdown(SHUT_RDWR)");
	twin_show(close(fd) == 0, "leave_server: shutdown(SHUT_RDWR), then close()");
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	leave_server(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	return 0;
}
