/*
 * sigpipe, the bad twin: writes on after a reset and dies of SIGPIPE.
 *
 * The client, a process of its own, is killed with data unread, so its kernel sends
 * RST. The first send() fails with ECONNRESET, which nobody looks at; the next one
 * raises SIGPIPE. This program ends by that signal, and that is what it shows.
 *
 * Fault: write_report
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

enum { REPORT_LINES = 3 };

static void connect_and_stay(int channel)
{
	twin_connect(twin_hear(channel));
	/* Until it is killed. */
	for (;;)
		pause();
}

TWIN_IN_STACKS static void write_report(int fd)
{
	ssize_t sent = 0;

	for (int line = 0; line < REPORT_LINES; line++)
		sent += send(fd, TWIN_REPLY, strlen(TWIN_REPLY), 0);
	twin_require(sent == 0, "a write_report() that SIGPIPE does not end");
}

int main(void)
{
	struct twin_child client = twin_start_child(connect_and_stay);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int server;

	/* Whoever has started this program may have set it to be ignored. */
	signal(SIGPIPE, SIG_DFL);
	twin_tell(client.channel, port);
	server = twin_accept(listener);
	twin_send(server, TWIN_REPLY);
	twin_kill_child(client);
	twin_wait_reset(server);
	puts("write_report: send() again after the RST, without MSG_NOSIGNAL");
	fflush(stdout);
	write_report(server);
	return 1;
}
