/*
 * tinyproxy 600, the good program: half-close, drain with a time limit, close.
 *
 * The close_socket() that pull request 600 adds, for both connections and every way out.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { DRAIN_TIMEOUT_S = 2 };

static void ask_twice(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, TWIN_REQUEST TWIN_REQUEST);
	twin_receive(fd, TWIN_REPLY);
	twin_read_until_end(fd);
	twin_close(fd);
}

/* The upstream's reply goes to the client, until the upstream closes. */
static void relay_connection(int client, int upstream)
{
	twin_receive(upstream, TWIN_REPLY);
	twin_send(client, TWIN_REPLY);
	twin_read_until_end(upstream);
}

/* Returns when the peer has closed, too, or after the time limit. */
static void close_socket(int fd)
{
	struct timeval limit = {.tv_sec = DRAIN_TIMEOUT_S};
	char rest[128];

	twin_end_sending(fd);
	twin_require(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0, "SO_RCVTIMEO");
	while (recv(fd, rest, sizeof(rest), 0) > 0)
		;
	twin_close(fd);
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
	twin_close(upstream.client);
	close_socket(client);
	twin_show(true, "close_socket: shutdown(SHUT_WR), drain, close()");
	twin_wait_child(browser);
	twin_close(listener);
	return 0;
}
