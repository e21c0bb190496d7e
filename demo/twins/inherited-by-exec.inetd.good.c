/*
 * inherited-by-exec, a good twin: a child gets its connection on 0 and 1, inetd style.
 *
 * The program that is started is meant to have it, and finds it where it looks. The
 * parent closes its copy and serves the next client; the listener is close-on-exec.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static int accepted = -1;

static void serve_with_cat(int channel)
{
	(void)channel;
	twin_require(dup2(accepted, STDIN_FILENO) == STDIN_FILENO, "dup2(0)");
	twin_require(dup2(accepted, STDOUT_FILENO) == STDOUT_FILENO, "dup2(1)");
	twin_close(accepted);
	execlp("cat", "cat", (char *)NULL);
	twin_require(false, "execlp(\"cat\")");
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	struct twin_child child;

	accepted = twin_accept(listener);
	child = twin_start_child(serve_with_cat);
	twin_close(accepted);
	twin_send(client, TWIN_REQUEST);
	twin_end_sending(client);
	twin_receive(client, TWIN_REQUEST);
	twin_read_until_end(client);
	twin_show(true, "serve_with_cat: the child's program had the connection on 0 and 1");
	twin_close(client);
	twin_wait_child(child);
	twin_close(listener);
	return 0;
}
