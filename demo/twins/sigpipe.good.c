/*
 * sigpipe, the good twin: MSG_NOSIGNAL, and the first error of send() ends the
 * report and the connection.
 */
#include <errno.h>
#include <signal.h>
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

static void write_report(int fd)
{
	for (int line = 0; line < REPORT_LINES; line++) {
		if (send(fd, TWIN_REPLY, strlen(TWIN_REPLY), MSG_NOSIGNAL) == -1) {
			twin_show(errno == ECONNRESET, "write_report: send() = -1 ECONNRESET ends the report");
			return;
		}
	}
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
	write_report(server);
	twin_close(server);
	twin_close(listener);
	return 0;
}
