/*
 * redis 2841, a bad program: the client leaves during the snapshot, and its connection stays.
 *
 * The same inheritance as in redis-2841.bad.c (https://github.com/redis/redis/issues/2841), with the
 * client as the one that closes first: the server reads the end of file and closes at once, as it
 * should, and the connection is in CLOSE_WAIT until the snapshot child ends.
 *
 * Pattern: accept; fork at a command; answer; recv returns 0; close, while the child lives on.
 *
 * Rule: close-wait-leak
 * Cause: held-elsewhere
 * Fault: free_client
 *
 * Rule: close-without-fin
 * Cause: held-elsewhere
 * Fault: free_client
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

#define COMMAND "bgsave"
#define ANSWER	"+Background saving started"

static void ask_and_leave(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, COMMAND);
	twin_receive(fd, ANSWER);
	twin_close(fd);
}

static void save_snapshot(int channel)
{
	(void)channel;
	/* Until it is killed. */
	for (;;)
		pause();
}

TWIN_IN_STACKS static void free_client(int fd)
{
	twin_show(close(fd) == 0, "free_client: close() = 0, and CLOSE_WAIT while the snapshot is written");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_child client = twin_start_child(ask_and_leave);
	struct twin_child snapshot;
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int fd;

	twin_tell(client.channel, port);
	fd = twin_accept(listener);
	twin_receive(fd, COMMAND);
	snapshot = twin_start_child(save_snapshot);
	twin_send(fd, ANSWER);
	twin_read_until_end(fd);
	free_client(fd);
	twin_wait_child(client);
	twin_require(!twin_wait_readable(listener, seconds), "no other client comes");
	twin_kill_child(snapshot);
	twin_close(listener);
	return 0;
}
