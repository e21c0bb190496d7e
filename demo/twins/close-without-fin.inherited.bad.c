/*
 * close-without-fin, a bad twin: a helper process has inherited the connection.
 *
 * start_helper() forks while the connection is open, for work that has nothing to
 * do with it. The child holds a copy of every descriptor, so the parent's close()
 * sends no FIN until the child is gone.
 *
 * Fault: leave_server
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void work_on_something_else(int channel)
{
	(void)channel;
	/* Until it is killed. */
	for (;;)
		pause();
}

TWIN_IN_STACKS static struct twin_child start_helper(void)
{
	return twin_start_child(work_on_something_else);
}

TWIN_IN_STACKS static void leave_server(int fd)
{
	twin_show(close(fd) == 0, "leave_server: close() = 0, and no FIN");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	/* Before the server's end exists, so that the helper holds the client's end only. */
	struct twin_child helper = start_helper();
	int server = twin_accept(listener);

	twin_send(client, TWIN_REQUEST);
	twin_receive(server, TWIN_REQUEST);
	leave_server(client);
	twin_require(!twin_wait_readable(server, seconds), "the server sees no end");
	twin_kill_child(helper);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	return 0;
}
