/*
 * quickfix 747, the good program: only the monitor closes.
 *
 * As pull request 763 has it: disconnect() says that the connection is done with, drop() closes it.
 */
#include <pthread.h>
#include <sys/socket.h>

#include "../../../demo/twins/twin.h"

struct http_server {
	int listener;
	int connection;
	bool done;
	pthread_barrier_t disconnected; /* The browser has been served. */
	pthread_barrier_t opened; /* Another thread has opened a connection. */
};

static void disconnect(struct http_server *http)
{
	http->done = true;
}

static void drop(struct http_server *http)
{
	twin_require(http->done, "a connection that is done with");
	twin_close(http->connection);
}

static void *serve_browser(void *argument)
{
	struct http_server *http = argument;

	http->connection = twin_accept(http->listener);
	twin_receive(http->connection, TWIN_REQUEST);
	disconnect(http);
	pthread_barrier_wait(&http->disconnected);
	pthread_barrier_wait(&http->opened);
	drop(http);
	return NULL;
}

int main(void)
{
	uint16_t http_port = 0, fix_port = 0;
	struct http_server http = {.listener = twin_listen(&http_port)};
	int exchange = twin_listen(&fix_port);
	int browser = twin_connect(http_port);
	int session, counterpart;
	pthread_t thread;

	pthread_barrier_init(&http.disconnected, NULL, 2);
	pthread_barrier_init(&http.opened, NULL, 2);
	twin_send(browser, TWIN_REQUEST);
	twin_require(pthread_create(&thread, NULL, serve_browser, &http) == 0, "pthread_create()");
	pthread_barrier_wait(&http.disconnected);
	session = twin_connect(fix_port);
	counterpart = twin_accept(exchange);
	twin_send(session, TWIN_REQUEST);
	twin_receive(counterpart, TWIN_REQUEST);
	pthread_barrier_wait(&http.opened);
	pthread_join(thread, NULL);

	twin_send(counterpart, TWIN_REPLY);
	twin_receive(session, TWIN_REPLY);
	twin_show(true, "drop: one close(), and the session goes on");
	twin_close(session);
	twin_read_until_end(counterpart);
	twin_close(counterpart);
	twin_read_until_end(browser);
	twin_close(browser);
	twin_close(exchange);
	twin_close(http.listener);
	return 0;
}
