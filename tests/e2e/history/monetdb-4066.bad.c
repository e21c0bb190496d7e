/*
 * MonetDB 4066, the bad program: a proxy closes its input and its output, which are one socket.
 *
 * https://github.com/MonetDB/MonetDB/issues/4066: monetdbd deadlocked, and the reporter suspected
 * a descriptor that is closed twice. Of the places found the best candidate was startProxy(), which
 * "forgets that its first three parameters are all the same socket". Here the accepting thread
 * gets the number in between.
 *
 * Pattern: thread 1: close(in); thread 2: accept; thread 1: close(out), with out == in.
 *
 * Rule: stale-close
 * Fault: close_output
 */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

struct proxy {
	int in;
	int out;
	pthread_barrier_t in_closed;
	pthread_barrier_t reused; /* The next client has the number. */
};

TWIN_IN_STACKS static void close_output(struct proxy *proxy)
{
	twin_show(close(proxy->out) == 0, "close_output: second close() = 0, of the next client");
}

static void *start_proxy(void *argument)
{
	struct proxy *proxy = argument;

	twin_receive(proxy->in, TWIN_REQUEST);
	twin_send(proxy->out, TWIN_REPLY);
	twin_read_until_end(proxy->in);
	twin_close(proxy->in);
	pthread_barrier_wait(&proxy->in_closed);
	pthread_barrier_wait(&proxy->reused);
	close_output(proxy);
	return NULL;
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int first_client = twin_connect(port);
	int next_client = twin_connect(port);
	int fd = twin_accept(listener);
	struct proxy proxy = {.in = fd, .out = fd};
	char text[128];
	pthread_t thread;

	pthread_barrier_init(&proxy.in_closed, NULL, 2);
	pthread_barrier_init(&proxy.reused, NULL, 2);
	twin_require(pthread_create(&thread, NULL, start_proxy, &proxy) == 0, "pthread_create()");
	twin_send(first_client, TWIN_REQUEST);
	twin_receive(first_client, TWIN_REPLY);
	/* Half-closed only: no number but the proxy's may become free. */
	twin_end_sending(first_client);
	pthread_barrier_wait(&proxy.in_closed);
	twin_require(twin_accept(listener) == fd, "the next client gets the same number");
	twin_send(next_client, TWIN_REQUEST);
	twin_receive(fd, TWIN_REQUEST);
	pthread_barrier_wait(&proxy.reused);
	pthread_join(thread, NULL);

	twin_require(recv(fd, text, sizeof(text), 0) == -1 && errno == EBADF, "recv() = -1 EBADF of the next client");
	twin_read_until_end(next_client);
	twin_close(next_client);
	twin_read_until_end(first_client);
	twin_close(first_client);
	twin_close(listener);
	return 0;
}
