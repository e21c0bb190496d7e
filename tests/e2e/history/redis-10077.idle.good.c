/*
 * redis 10077, a good program: shutdown() before close(), of a client idle since before the snapshot.
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

static void close_connection(int fd)
{
	twin_show(shutdown(fd, SHUT_RDWR) == 0, "close_connection: shutdown() sends the FIN");
	twin_close(fd);
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
	twin_wait_child(client);
	/* The snapshot goes on, with a copy of a connection that is over. */
	twin_require(!twin_wait_readable(listener, seconds), "no other client comes");
	twin_kill_child(snapshot);
	twin_close(listener);
	return 0;
}
