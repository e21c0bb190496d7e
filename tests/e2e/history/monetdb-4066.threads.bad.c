/*
 * MonetDB 4066, a bad program: two proxy threads, one for each direction, close the same socket.
 *
 * Another of the places that https://github.com/MonetDB/MonetDB/issues/4066 lists: "proxyThread() is
 * run twice and both of them call mnstr_close() on the same streams". As monetdb-4066.bad.c, but
 * the second close() comes from another thread than the first.
 *
 * Pattern: thread 1: recv, close; thread 3: accept; thread 2, which had sent on it: close.
 *
 * Rule: stale-close
 * Fault: close_stream
 */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

struct proxy {
	int client;
	pthread_barrier_t answered;
	pthread_barrier_t closed; /* by the first thread */
	pthread_barrier_t reused; /* The next client has the number. */
};

TWIN_IN_STACKS static void close_stream(struct proxy *proxy)
{
	twin_show(close(proxy->client) == 0, "close_stream: close() = 0");
}

static void *proxy_to_server(void *argument)
{
	struct proxy *proxy = argument;

	twin_receive(proxy->client, TWIN_REQUEST);
	pthread_barrier_wait(&proxy->answered);
	twin_read_until_end(proxy->client);
	close_stream(proxy);
	pthread_barrier_wait(&proxy->closed);
	return NULL;
}

static void *proxy_to_client(void *argument)
{
	struct proxy *proxy = argument;

	twin_send(proxy->client, TWIN_REPLY);
	pthread_barrier_wait(&proxy->answered);
	pthread_barrier_wait(&proxy->reused);
	close_stream(proxy);
	return NULL;
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int first_client = twin_connect(port);
	int next_client = twin_connect(port);
	struct proxy proxy = {.client = twin_accept(listener)};
	pthread_t threads[2];
	char text[128];

	pthread_barrier_init(&proxy.answered, NULL, 2);
	pthread_barrier_init(&proxy.closed, NULL, 2);
	pthread_barrier_init(&proxy.reused, NULL, 2);
	twin_send(first_client, TWIN_REQUEST);
	twin_require(pthread_create(&threads[0], NULL, proxy_to_server, &proxy) == 0, "pthread_create()");
	twin_require(pthread_create(&threads[1], NULL, proxy_to_client, &proxy) == 0, "pthread_create()");
	twin_receive(first_client, TWIN_REPLY);
	/* Half-closed only: no number but the proxy's may become free. */
	twin_end_sending(first_client);
	pthread_barrier_wait(&proxy.closed);
	twin_require(twin_accept(listener) == proxy.client, "the next client gets the same number");
	twin_send(next_client, TWIN_REQUEST);
	twin_receive(proxy.client, TWIN_REQUEST);
	pthread_barrier_wait(&proxy.reused);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);

	twin_require(recv(proxy.client, text, sizeof(text), 0) == -1 && errno == EBADF, "recv() = -1 EBADF");
	twin_read_until_end(next_client);
	twin_close(next_client);
	twin_read_until_end(first_client);
	twin_close(first_client);
	twin_close(listener);
	return 0;
}
