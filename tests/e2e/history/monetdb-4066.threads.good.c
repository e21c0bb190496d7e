/*
 * MonetDB 4066, a good program: of two proxy threads the last one to leave closes the socket.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

struct proxy {
	int client;
	atomic_int users;
	pthread_barrier_t answered;
	pthread_barrier_t left; /* by the first thread */
	pthread_barrier_t opened; /* The next client is served. */
};

static void release_stream(struct proxy *proxy)
{
	if (atomic_fetch_sub(&proxy->users, 1) == 1)
		twin_close(proxy->client);
}

static void *proxy_to_server(void *argument)
{
	struct proxy *proxy = argument;

	twin_receive(proxy->client, TWIN_REQUEST);
	pthread_barrier_wait(&proxy->answered);
	twin_read_until_end(proxy->client);
	release_stream(proxy);
	pthread_barrier_wait(&proxy->left);
	return NULL;
}

static void *proxy_to_client(void *argument)
{
	struct proxy *proxy = argument;

	twin_send(proxy->client, TWIN_REPLY);
	pthread_barrier_wait(&proxy->answered);
	pthread_barrier_wait(&proxy->left);
	release_stream(proxy);
	pthread_barrier_wait(&proxy->opened);
	return NULL;
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int first_client = twin_connect(port);
	int next_client = twin_connect(port);
	struct proxy proxy = {.client = twin_accept(listener), .users = 2};
	pthread_t threads[2];
	int fd;

	pthread_barrier_init(&proxy.answered, NULL, 2);
	pthread_barrier_init(&proxy.left, NULL, 2);
	pthread_barrier_init(&proxy.opened, NULL, 2);
	twin_send(first_client, TWIN_REQUEST);
	twin_require(pthread_create(&threads[0], NULL, proxy_to_server, &proxy) == 0, "pthread_create()");
	twin_require(pthread_create(&threads[1], NULL, proxy_to_client, &proxy) == 0, "pthread_create()");
	twin_receive(first_client, TWIN_REPLY);
	twin_end_sending(first_client);
	twin_read_until_end(first_client);
	twin_close(first_client);
	fd = twin_accept(listener);
	pthread_barrier_wait(&proxy.opened);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);

	twin_send(next_client, TWIN_REQUEST);
	twin_receive(fd, TWIN_REQUEST);
	twin_show(true, "release_stream: one close(), and the next client is served");
	twin_close(next_client);
	twin_read_until_end(fd);
	twin_close(fd);
	twin_close(listener);
	return 0;
}
