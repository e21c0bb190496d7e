/*
 * missing-reuseaddr, a good twin: a restart that binds over TIME_WAIT.
 *
 * The server closes first here, too, as a server sometimes must (so the note of
 * server-closes-first is right); SO_REUSEADDR, set before both starts, lets the
 * second bind() pass over the TIME_WAIT of the first.
 */
#include <sys/socket.h>

#include "twin.h"

static void serve_and_close_first(uint16_t port)
{
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	twin_receive(server, TWIN_REQUEST);
	twin_close(server);
	twin_read_until_end(client);
	twin_close(client);
	twin_close(listener);
}

static void restart_server(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;
	int rc;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
	twin_show(rc == 0, "restart_server: bind() = 0 over TIME_WAIT");
	twin_close(fd);
}

int main(void)
{
	uint16_t port = twin_free_port();

	serve_and_close_first(port);
	restart_server(port);
	return 0;
}
