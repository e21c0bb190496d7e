/*
 * close-while-in-use, the bad twin: closes while another thread waits in recv().
 *
 * The close() does not wake the reader and sends no FIN: the kernel keeps the
 * socket until recv() returns, and that takes as long as the peer likes. Meanwhile
 * the number may be given to a new connection.
 *
 * Fault: leave_server
 */
#define _GNU_SOURCE 1 /* For gettid(). */

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

struct reader {
	int fd;
	pid_t tid; /* Known once both have passed `started`. */
	pthread_barrier_t started;
};

static void *read_answers(void *argument)
{
	struct reader *reader = argument;
	char text[128];
	ssize_t got;

	reader->tid = gettid();
	pthread_barrier_wait(&reader->started);
	got = recv(reader->fd, text, sizeof(text), 0);
	twin_require(got == (ssize_t)strlen(TWIN_REPLY), "recv() that outlives the close()");
	return NULL;
}

TWIN_IN_STACKS static void leave_server(int fd)
{
	twin_show(close(fd) == 0, "leave_server: close() while another thread is in recv()");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();
	struct reader reader = {.fd = pair.client};
	pthread_t thread;

	pthread_barrier_init(&reader.started, NULL, 2);
	twin_require(pthread_create(&thread, NULL, read_answers, &reader) == 0, "pthread_create()");
	pthread_barrier_wait(&reader.started);
	twin_wait_asleep(reader.tid);
	leave_server(pair.client);
	/* The answer ends the recv(), and only with it the connection. */
	twin_send(pair.server, TWIN_REPLY);
	pthread_join(thread, NULL);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
