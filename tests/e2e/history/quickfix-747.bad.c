/*
 * quickfix 747, the bad program: an HTTP server closes its client's descriptor once more.
 *
 * https://github.com/quickfix/quickfix/issues/747 (2026): HttpConnection::disconnect() closes the
 * descriptor and keeps the number; SocketMonitor::drop() closes it again after that. In between
 * another thread may have got the number from socket(), and loses its connection.
 *
 * Pattern: thread 1: accept, close; thread 2: socket, connect, send; thread 1: close, same number.
 *
 * Rule: stale-close
 * Fault: drop
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

struct http_server {
	int listener;
	int connection;
	pthread_barrier_t disconnected; /* The browser's descriptor is closed. */
	pthread_barrier_t reused; /* Another thread has its number. */
};

static void disconnect(int connection)
{
	twin_close(connection);
}

TWIN_IN_STACKS static void drop(int connection)
{
	twin_show(close(connection) == 0, "drop: second close() = 0, of another thread's connection");
}

static void *serve_browser(void *argument)
{
	struct http_server *http = argument;

	http->connection = twin_accept(http->listener);
	twin_receive(http->connection, TWIN_REQUEST);
	disconnect(http->connection);
	pthread_barrier_wait(&http->disconnected);
	pthread_barrier_wait(&http->reused);
	drop(http->connection);
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
	pthread_barrier_init(&http.reused, NULL, 2);
	twin_send(browser, TWIN_REQUEST);
	twin_require(pthread_create(&thread, NULL, serve_browser, &http) == 0, "pthread_create()");
	pthread_barrier_wait(&http.disconnected);
	session = twin_connect(fix_port);
	twin_require(session == http.connection, "the session gets the same number");
	counterpart = twin_accept(exchange);
	twin_send(session, TWIN_REQUEST);
	twin_receive(counterpart, TWIN_REQUEST);
	pthread_barrier_wait(&http.reused);
	pthread_join(thread, NULL);

	twin_require(send(session, TWIN_REQUEST, strlen(TWIN_REQUEST), MSG_NOSIGNAL) == -1 && errno == EBADF,
		     "send() = -1 EBADF in the session");
	twin_read_until_end(counterpart);
	twin_close(counterpart);
	twin_read_until_end(browser);
	twin_close(browser);
	twin_close(exchange);
	twin_close(http.listener);
	return 0;
}
