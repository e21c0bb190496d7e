/*
 * redis 2841, the bad program: a snapshot child holds the clients' connections.
 *
 * https://github.com/redis/redis/issues/2841 (2015, with pull request 2838): the child that BGSAVE
 * forks closed the listening sockets and left the clients' open. A client that the server evicted
 * meanwhile for being idle (`timeout`) saw no end: it sent its next command and waited for an answer
 * until the snapshot was done, 27 s in the report.
 *
 * Pattern: accept; fork at a command; answer the command; close, while the child lives on.
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

static const double idle_s = 0.05;

static void ask_for_snapshot(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, COMMAND);
	twin_receive(fd, ANSWER);
	/* The eviction, or so the client hopes. */
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

TWIN_IN_STACKS static void free_client(int fd)
{
	twin_show(close(fd) == 0, "free_client: close() = 0, and no FIN while the snapshot is written");
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_child client = twin_start_child(ask_for_snapshot);
	struct twin_child snapshot;
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int fd;

	twin_tell(client.channel, port);
	fd = twin_accept(listener);
	twin_receive(fd, COMMAND);
	snapshot = twin_start_child(save_snapshot);
	twin_send(fd, ANSWER);
	twin_require(!twin_wait_readable(fd, idle_s), "the client is idle");
	free_client(fd);
	twin_require(!twin_wait_readable(listener, seconds), "the client does not come back: it sees no end");
	twin_kill_child(snapshot);
	twin_wait_child(client);
	twin_close(listener);
	return 0;
}
