/*
 * MonetDB 4066, the good program: the proxy knows that its two directions are one socket.
 */
#include <pthread.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

struct proxy {
	int in;
	int out;
	pthread_barrier_t in_closed;
	pthread_barrier_t reused; /* The next client has the number. */
};

static void close_output(struct proxy *proxy)
{
	if (proxy->out != proxy->in)
		twin_close(proxy->out);
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

	twin_send(fd, TWIN_REPLY);
	twin_receive(next_client, TWIN_REPLY);
	twin_show(true, "close_output: nothing left to close, and the next client is served");
	twin_close(next_client);
	twin_read_until_end(fd);
	twin_close(fd);
	twin_read_until_end(first_client);
	twin_close(first_client);
	twin_close(listener);
	return 0;
}
