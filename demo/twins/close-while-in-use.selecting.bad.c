/*
 * close-while-in-use, a bad twin: closes while another thread waits in select().
 *
 * select() keeps the socket until it returns, and a close() does not wake it.
 *
 * Fault: leave_server
 */
#define _GNU_SOURCE 1 /* For gettid(). */

#include <pthread.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

struct waiter {
	int fd;
	double seconds;
	pid_t tid; /* Known once both have passed `started`. */
	pthread_barrier_t started;
};

static void *wait_for_answers(void *argument)
{
	struct waiter *waiter = argument;
	struct timeval patience = {.tv_sec = (time_t)waiter->seconds};
	fd_set readable;

	patience.tv_usec = (suseconds_t)((waiter->seconds - (double)patience.tv_sec) * 1e6);
	FD_ZERO(&readable);
	FD_SET(waiter->fd, &readable);
	waiter->tid = gettid();
	pthread_barrier_wait(&waiter->started);
	twin_require(select(waiter->fd + 1, &readable, NULL, NULL, &patience) >= 0,
		     "select() that outlives the close()");
	return NULL;
}

TWIN_IN_STACKS static void leave_server(int fd)
{
	twin_show(close(fd) == 0, "leave_server: close() while another thread is in select()");
}

int main(int argc, char **argv)
{
	struct twin_pair pair = twin_open_pair();
	struct waiter waiter = {.fd = pair.client, .seconds = twin_seconds(argc, argv)};
	pthread_t thread;

	pthread_barrier_init(&waiter.started, NULL, 2);
	twin_require(pthread_create(&thread, NULL, wait_for_answers, &waiter) == 0, "pthread_create()");
	pthread_barrier_wait(&waiter.started);
	twin_wait_asleep(waiter.tid);
	leave_server(pair.client);
	pthread_join(thread, NULL);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
