/*
 * close-wait-leak, a good twin: a connection kept for the next request is looked
 * at together with the listener, and closed when its end of file comes.
 */
#include <poll.h>
#include <sys/socket.h>

#include "twin.h"

static int accept_and_answer(int listener)
{
	int fd = twin_accept(listener);

	twin_receive(fd, TWIN_REQUEST);
	twin_send(fd, TWIN_REPLY);
	return fd;
}

static void wait_for_next_request(int listener, int fd)
{
	struct pollfd looks[] = {
		{.fd = listener, .events = POLLIN},
		{.fd = fd, .events = POLLIN},
	};

	twin_require(poll(looks, 2, -1) == 1 && looks[1].revents, "poll()");
	twin_read_until_end(fd);
	twin_close(fd);
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int fd;

	twin_send(client, TWIN_REQUEST);
	fd = accept_and_answer(listener);
	twin_receive(client, TWIN_REPLY);
	twin_close(client);
	wait_for_next_request(listener, fd);
	twin_show(!twin_wait_readable(listener, seconds), "wait_for_next_request: end of file, then close()");
	twin_close(listener);
	return 0;
}
