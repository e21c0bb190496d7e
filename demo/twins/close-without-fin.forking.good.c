/*
 * close-without-fin, a good twin: the classic forking server.
 *
 * The parent's close() ends nothing here, too, since its child holds the connection;
 * but the child is the one that serves it, and its own close() sends the FIN.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

/* What the parent has open when it forks; the child gets a copy of it. */
static struct {
	int listener;
	int connection;
} server;

static void ask_server(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, TWIN_REQUEST);
	twin_end_sending(fd);
	twin_receive(fd, TWIN_REPLY);
	twin_read_until_end(fd);
	twin_close(fd);
}

static void serve_client(int channel)
{
	(void)channel;
	twin_close(server.listener);
	twin_read_until_end(server.connection);
	twin_send(server.connection, TWIN_REPLY);
	twin_close(server.connection);
}

int main(void)
{
	struct twin_child client = twin_start_child(ask_server);
	struct twin_child worker;
	uint16_t port = 0;

	server.listener = twin_listen(&port);
	twin_tell(client.channel, port);
	server.connection = twin_accept(server.listener);
	worker = twin_start_child(serve_client);
	twin_show(close(server.connection) == 0, "main: the parent closes, the child serves");
	twin_wait_child(worker);
	twin_wait_child(client);
	twin_close(server.listener);
	return 0;
}
