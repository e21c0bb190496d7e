/*
 * redis 2841, a good program: the client leaves during the snapshot, and its connection ends.
 *
 * The child has closed its copies right after fork(), so the server's close() is the last one.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

#define COMMAND "bgsave"
#define ANSWER	"+Background saving started"

/* What the server has open when it forks; the child gets a copy of it. */
static struct {
	int listener;
	int client;
} server;

static void ask_and_leave(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, COMMAND);
	twin_receive(fd, ANSWER);
	twin_close(fd);
}

static void save_snapshot(int channel)
{
	twin_close(server.listener);
	twin_close(server.client);
	twin_tell(channel, 0);
	/* Until it is killed. */
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_child client = twin_start_child(ask_and_leave);
	struct twin_child snapshot;
	uint16_t port = 0;

	server.listener = twin_listen(&port);
	twin_tell(client.channel, port);
	server.client = twin_accept(server.listener);
	twin_receive(server.client, COMMAND);
	snapshot = twin_start_child(save_snapshot);
	twin_hear(snapshot.channel);
	twin_send(server.client, ANSWER);
	twin_read_until_end(server.client);
	twin_show(close(server.client) == 0, "main: close() ends it while the snapshot is written");
	twin_wait_child(client);
	twin_require(!twin_wait_readable(server.listener, seconds), "no other client comes");
	twin_kill_child(snapshot);
	twin_close(server.listener);
	return 0;
}
