/*
 * close-while-in-use, the good twin: shutdown() wakes the reader, and close() comes
 * when it has gone.
 */
#define _GNU_SOURCE 1 /* For gettid(). */

#include <pthread.h>
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

	reader->tid = gettid();
	pthread_barrier_wait(&reader->started);
	twin_require(recv(reader->fd, text, sizeof(text), 0) == 0, "recv() = 0 by the shutdown()");
	return NULL;
}

static void leave_server(int fd, pthread_t thread)
{
	twin_require(shutdown(fd, SHUT_RDWR) == 0, "shutdown()");
	pthread_join(thread, NULL);
	twin_show(close(fd) == 0, "leave_server: shutdown(), wait for the reader, close()");
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
	leave_server(pair.client, thread);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
