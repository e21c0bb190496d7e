/*
 * idle-close-wait, the good twin: the pool watches its idle connections and closes
 * the one whose end of file comes.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

enum { SERVER_END_TIMEOUT_S = 5 };

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

static int fill_pool(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();

	twin_require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	return fd;
}

static void watch_pool(int pooled)
{
	twin_show(twin_wait_readable(pooled, SERVER_END_TIMEOUT_S), "watch_pool: an ended connection is closed");
	twin_read_until_end(pooled);
	twin_close(pooled);
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
	watch_pool(pooled);
	twin_require(!twin_wait_readable(other_work, seconds), "nothing else comes");
	twin_close(other_work);
	return 0;
}
