/*
 * urllib3 2100, the good program: the pool looks at its idle connections while nobody needs them.
 *
 * A connection that is readable between two requests has ended: it is closed then, and not only
 * when it would be taken out again.
 */
#define _GNU_SOURCE 1 /* For POLLRDHUP. */

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { POOL_SIZE = 3, LOOK_MS = 10, NO_DESCRIPTOR = -1 };

/* Answers one request on each connection, and has them all open until it is killed. */
static void answer_and_stay(int channel)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);

	twin_tell(channel, port);
	for (int i = 0; i < POOL_SIZE; i++) {
		int fd = twin_accept(listener);

		twin_receive(fd, TWIN_REQUEST);
		twin_send(fd, TWIN_REPLY);
	}
	for (;;)
		pause();
}

/* Closes what has ended. Returns how many are left. poll() passes over negative descriptors. */
static int look_at_pool(struct pollfd *pool)
{
	int left = 0;

	twin_require(poll(pool, POOL_SIZE, LOOK_MS) >= 0, "poll()");
	for (int i = 0; i < POOL_SIZE; i++) {
		if (pool[i].fd != NO_DESCRIPTOR && pool[i].revents) {
			twin_close(pool[i].fd);
			pool[i].fd = NO_DESCRIPTOR;
		}
		left += pool[i].fd != NO_DESCRIPTOR;
	}
	return left;
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_child server = twin_start_child(answer_and_stay);
	uint16_t server_port = twin_hear(server.channel);
	struct pollfd pool[POOL_SIZE];
	uint16_t port = 0;
	int other_work = twin_listen(&port);

	for (int i = 0; i < POOL_SIZE; i++) {
		pool[i] = (struct pollfd){.fd = twin_connect(server_port), .events = POLLIN | POLLRDHUP};
		twin_send(pool[i].fd, TWIN_REQUEST);
		twin_receive(pool[i].fd, TWIN_REPLY);
	}
	twin_require(look_at_pool(pool) == POOL_SIZE, "a full pool");
	twin_kill_child(server);
	while (look_at_pool(pool) > 0)
		;
	twin_show(!twin_wait_readable(other_work, seconds), "look_at_pool: ended connections are closed");
	twin_close(other_work);
	return 0;
}
