/*
 * tinyproxy 600, the bad program: shutdown(SHUT_WR) and close() at once, without draining.
 *
 * https://github.com/tinyproxy/tinyproxy/pull/600 (2026, again as 615): when the relay is done, the
 * proxy half-closes the client's connection and closes it in the same breath, without reading to
 * the client's FIN. On OpenBSD the orphans stay in FIN_WAIT_2 for ever. Where the client has sent
 * on, as here with a second request, close() finds it unread, and the kernel resets the connection.
 *
 * Pattern: the upstream's end of file is read; shutdown(SHUT_WR); close, with data unread.
 *
 * Rule: close-with-unread-data
 * Fault: destroy_connection
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { PATIENCE_S = 5 };

static void ask_twice(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, TWIN_REQUEST TWIN_REQUEST);
	/* The reset may come before the reply is read, or after it. */
	twin_wait_reset(fd);
	twin_close(fd);
}

/* The upstream's reply goes to the client, until the upstream closes. */
static void relay_connection(int client, int upstream)
{
	twin_receive(upstream, TWIN_REPLY);
	twin_send(client, TWIN_REPLY);
	twin_read_until_end(upstream);
	twin_end_sending(client);
}

TWIN_IN_STACKS static void destroy_connection(int client, int upstream)
{
	twin_close(upstream);
	twin_show(close(client) == 0, "destroy_connection: close() with the client's next request unread");
}

int main(void)
{
	struct twin_child browser = twin_start_child(ask_twice);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	struct twin_pair upstream = twin_open_pair();
	int client;

	twin_tell(browser.channel, port);
	client = twin_accept(listener);
	twin_receive(client, TWIN_REQUEST);
	twin_send(upstream.client, TWIN_REQUEST);
	twin_receive(upstream.server, TWIN_REQUEST);
	twin_send(upstream.server, TWIN_REPLY);
	twin_close(upstream.server);
	relay_connection(client, upstream.client);
	twin_require(twin_wait_readable(client, PATIENCE_S), "the client's next request");
	destroy_connection(client, upstream.client);
	twin_wait_child(browser);
	twin_close(listener);
	return 0;
}
