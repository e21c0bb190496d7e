/*
 * redis 10077, the bad program: an idle client is disconnected during a snapshot, and is not told.
 *
 * https://github.com/redis/redis/issues/10077 (2022): with `timeout 10` and `save 60 1` a client's
 * command blocked for seconds and failed, because the server had closed the pooled connection
 * while a snapshot child held it, so that no FIN went out. Mended by pull request 11376.
 *
 * Pattern: accept; fork on a timer; serve a command during the snapshot; close, the child lives on.
 *
 * Rule: close-without-fin
 * Cause: held-elsewhere
 * Fault: close_connection
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

	for (int command = 0; command < 2; command++) {
		twin_send(fd, COMMAND);
		twin_receive(fd, ANSWER);
		/* The next one when the snapshot has begun, and at last the wait for the server's end. */
		twin_tell(channel, 0);
		twin_hear(channel);
	}
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

static void serve_command(int fd, struct twin_child client)
{
	twin_receive(fd, COMMAND);
	twin_send(fd, ANSWER);
	twin_hear(client.channel);
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
	serve_command(fd, client);
	snapshot = twin_start_child(save_snapshot);
	twin_tell(client.channel, 0);
	serve_command(fd, client);
	twin_tell(client.channel, 0);
	twin_require(!twin_wait_readable(fd, idle_s), "the client is idle");
	close_connection(fd);
	twin_require(!twin_wait_readable(listener, seconds), "the client does not come back: it sees no end");
	twin_kill_child(snapshot);
	twin_wait_child(client);
	twin_close(listener);
	return 0;
}
