/*
 * close-wait-leak, a good twin: a proxy that passes a half-close on.
 *
 * The client ends its direction and goes on reading: the proxy's side of that
 * connection is in CLOSE_WAIT for as long as the server answers, and must be. The
 * proxy ends its own direction towards the server, passes the answer, and closes both.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

/* Everything from one side to the other, and then the end. */
static void pass_on(int from, int to)
{
	char text[64];
	ssize_t got;

	while ((got = recv(from, text, sizeof(text), 0)) > 0)
		twin_require(send(to, text, (size_t)got, MSG_NOSIGNAL) == got, "send()");
	twin_end_sending(to);
}

int main(void)
{
	struct twin_pair towards_client = twin_open_pair();
	struct twin_pair towards_server = twin_open_pair();

	twin_send(towards_client.client, TWIN_REQUEST);
	twin_end_sending(towards_client.client);
	pass_on(towards_client.server, towards_server.client);
	twin_receive(towards_server.server, TWIN_REQUEST);
	twin_read_until_end(towards_server.server);
	/* In CLOSE_WAIT on purpose, and data flows all through it. */
	twin_send(towards_server.server, TWIN_REPLY);
	twin_close(towards_server.server);
	pass_on(towards_server.client, towards_client.server);
	twin_receive(towards_client.client, TWIN_REPLY);
	twin_read_until_end(towards_client.client);
	twin_close(towards_server.client);
	twin_close(towards_client.server);
	twin_close(towards_client.client);
	return 0;
}
