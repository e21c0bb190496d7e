/*
 * idle-close-wait, the bad twin: a pool keeps a connection that the server has ended.
 *
 * The connection was good and is kept for the next question. The server, a process
 * of its own, ends; nobody looks at the pool, and the next question would be asked
 * on a dead connection. A note only: pools do this, and mend it when they call next.
 *
 * Fault: fill_pool
 * Created: fill_pool
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

static void answer_and_stay(int channel)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int fd;

	twin_tell(channel, port);
	fd = twin_accept(listener);
	twin_receive(fd, TWIN_REQUEST);
	twin_send(fd, TWIN_REPLY);
	/* Until it is killed: a killed server makes no call that closes first. */
	for (;;)
		pause();
}

TWIN_IN_STACKS static int fill_pool(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	twin_require(fd != -1, "socket()");
	twin_require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	return fd;
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_child server = twin_start_child(answer_and_stay);
	int pooled = fill_pool(twin_hear(server.channel));
	uint16_t port = 0;
	int other_work = twin_listen(&port);

	twin_send(pooled, TWIN_REQUEST);
	twin_receive(pooled, TWIN_REPLY);
	twin_kill_child(server);
	twin_show(!twin_wait_readable(other_work, seconds), "fill_pool: an ended connection stays in the pool");
	twin_close(pooled);
	twin_close(other_work);
	return 0;
}
