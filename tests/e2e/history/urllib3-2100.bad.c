/*
 * urllib3 2100, the bad program: a pool keeps connections that the server has ended.
 *
 * https://github.com/urllib3/urllib3/issues/2100 (2020): CLOSE_WAIT piles up in a program with a
 * pool of 20 connections. The maintainers: to be expected where the load comes in bursts, since the
 * pool looks at a connection only when it is taken out again. So this is told, and it is no fault.
 *
 * Pattern: connect several; a request on each; back into the pool; the server ends them; no call.
 *
 * Rule: idle-close-wait
 * Severity: note
 * Fault: new_connection
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { POOL_SIZE = 3 };

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

TWIN_IN_STACKS static int new_connection(uint16_t port)
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
	uint16_t server_port = twin_hear(server.channel);
	uint16_t port = 0;
	int other_work = twin_listen(&port);
	int pool[POOL_SIZE];

	for (int i = 0; i < POOL_SIZE; i++) {
		pool[i] = new_connection(server_port);
		twin_send(pool[i], TWIN_REQUEST);
		twin_receive(pool[i], TWIN_REPLY);
	}
	twin_kill_child(server);
	twin_show(!twin_wait_readable(other_work, seconds), "new_connection: ended connections stay in the pool");
	for (int i = 0; i < POOL_SIZE; i++)
		twin_close(pool[i]);
	twin_close(other_work);
	return 0;
}
