/*
 * redis 2841, the good program: the snapshot child closes the clients' connections first.
 *
 * What pull request 2838 proposed: a child that serves nobody closes its copies right after fork(),
 * so that the server's close() is the last one and sends the FIN.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

#define COMMAND "bgsave"
#define ANSWER	"+Background saving started"

static const double idle_s = 0.05;

/* What the server has open when it forks; the child gets a copy of it. */
static struct {
	int listener;
	int client;
} server;

static void ask_for_snapshot(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, COMMAND);
	twin_receive(fd, ANSWER);
	twin_read_until_end(fd);
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

int main(void)
{
	struct twin_child client = twin_start_child(ask_for_snapshot);
	struct twin_child snapshot;
	uint16_t port = 0;

	server.listener = twin_listen(&port);
	twin_tell(client.channel, port);
	server.client = twin_accept(server.listener);
	twin_receive(server.client, COMMAND);
	snapshot = twin_start_child(save_snapshot);
	twin_send(server.client, ANSWER);
	twin_require(!twin_wait_readable(server.client, idle_s), "the client is idle");
	twin_hear(snapshot.channel);
	twin_show(close(server.client) == 0, "main: close() sends the FIN while the snapshot is written");
	twin_wait_child(client);
	twin_kill_child(snapshot);
	twin_close(server.listener);
	return 0;
}
