/*
 * redis 10077, a bad program: the client was idle already when the snapshot began.
 *
 * The same as redis-10077.bad.c (https://github.com/redis/redis/issues/10077), but for the time of the
 * client's last command, which lies before fork(). For the server's process that is the picture
 * of a forking server's parent, which hands a connection to its child and has not used it since.
 *
 * Pattern: accept; serve a command; fork on a timer; close, the child lives on.
 *
 * Rule: close-without-fin
 * Cause: held-elsewhere
 * Fault: close_connection
 * Missed: a parent that has not used the connection since fork() is taken for a forking server's
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

#define COMMAND "set key value"
#define ANSWER	"+OK"

static const double idle_s = 0.05;

static void use_pool(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, COMMAND);
	twin_receive(fd, ANSWER);
	twin_read_until_end(fd);
	twin_close(fd);
}

static void save_snapshot(int channel)
{
	(void)channel;
	/* Until it is killed. */
	for (;;)
		pause();
}

TWIN_IN_STACKS static void close_connection(int fd)
{
	twin_show(close(fd) == 0, "close_connection: close() = 0, and no FIN while the snapshot is written");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_child client = twin_start_child(use_pool);
	struct twin_child snapshot;
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int fd;

	twin_tell(client.channel, port);
	fd = twin_accept(listener);
	twin_receive(fd, COMMAND);
	twin_send(fd, ANSWER);
	snapshot = twin_start_child(save_snapshot);
	twin_require(!twin_wait_readable(fd, idle_s), "the client is idle");
	close_connection(fd);
	twin_require(!twin_wait_readable(listener, seconds), "the client does not come back: it sees no end");
	twin_kill_child(snapshot);
	twin_wait_child(client);
	twin_close(listener);
	return 0;
}
