/*
 * neat 237, the bad program: sendmsg() after the peer's RST, without MSG_NOSIGNAL.
 *
 * https://github.com/NEAT-project/neat/issues/237 (2016): an HTTP server on the library died of SIGPIPE
 * in neat_write_to_lower_layer() when a client aborted its connection. Pull request 240 adds
 * MSG_NOSIGNAL. This program ends by that signal, and that is what it shows.
 *
 * Pattern: RST arrives; sendmsg fails with ECONNRESET; sendmsg again: EPIPE and SIGPIPE.
 *
 * Rule: sigpipe
 * Fault: write_to_lower_layer
 * Ends: SIGPIPE
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { CHUNKS = 3 };

/* Killed with data unread, so that its kernel sends RST and not FIN. */
static void connect_and_stay(int channel)
{
	twin_connect(twin_hear(channel));
	for (;;)
		pause();
}

TWIN_IN_STACKS static ssize_t write_to_lower_layer(int fd)
{
	char text[] = TWIN_REPLY;
	struct iovec data = {.iov_base = text, .iov_len = strlen(text)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	return sendmsg(fd, &message, 0);
}

int main(void)
{
	struct twin_child client = twin_start_child(connect_and_stay);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	ssize_t sent = 0;
	int fd;

	/* Whoever has started this program may have set it to be ignored. */
	signal(SIGPIPE, SIG_DFL);
	twin_tell(client.channel, port);
	fd = twin_accept(listener);
	twin_send(fd, TWIN_REPLY);
	twin_kill_child(client);
	twin_wait_reset(fd);
	puts("write_to_lower_layer: sendmsg() again after the RST");
	fflush(stdout);
	for (int chunk = 0; chunk < CHUNKS; chunk++)
		sent += write_to_lower_layer(fd);
	twin_require(sent == 0, "a write_to_lower_layer() that SIGPIPE does not end");
	return 1;
}
