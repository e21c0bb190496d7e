/*
 * mysql2 495, the bad program: a redundant close() races an accept() in another thread.
 *
 * https://github.com/brianmario/mysql2/issues/495 (2014; the story is told in pull requests 497 and
 * 498): the binding closes the descriptor and then calls mysql_close(), which closes the number again. A
 * thread with an accept loop may have got it meanwhile.
 *
 * Pattern: thread 1: close; thread 2: accept returns the number; thread 1: close.
 *
 * Rule: stale-close
 * Fault: library_close
 */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { PATIENCE_S = 5 };

struct acceptor {
	int listener;
	int fd;
	pthread_barrier_t accepted;
	pthread_barrier_t closed; /* The library has closed the number. */
};

static void *accept_client(void *argument)
{
	struct acceptor *acceptor = argument;
	char text[128];

	/* Linux takes the number when accept() is called, and not when it returns: so not too early. */
	twin_require(twin_wait_readable(acceptor->listener, PATIENCE_S), "a client in the queue");
	acceptor->fd = twin_accept(acceptor->listener);
	twin_receive(acceptor->fd, TWIN_REQUEST);
	pthread_barrier_wait(&acceptor->accepted);
	pthread_barrier_wait(&acceptor->closed);
	twin_require(recv(acceptor->fd, text, sizeof(text), 0) == -1 && errno == EBADF, "recv() = -1 EBADF");
	return NULL;
}

/* What mysql_close() does last. */
TWIN_IN_STACKS static void library_close(int fd)
{
	twin_show(close(fd) == 0, "library_close: second close() = 0, of what accept() has returned");
}

int main(void)
{
	uint16_t port = 0;
	struct acceptor acceptor = {.listener = twin_listen(&port)};
	struct twin_pair mysql = twin_open_pair();
	struct sockaddr_in address = twin_loopback(port);
	int client = twin_socket();
	pthread_t thread;

	pthread_barrier_init(&acceptor.accepted, NULL, 2);
	pthread_barrier_init(&acceptor.closed, NULL, 2);
	twin_send(mysql.client, TWIN_REQUEST);
	twin_receive(mysql.server, TWIN_REQUEST);
	twin_require(pthread_create(&thread, NULL, accept_client, &acceptor) == 0, "pthread_create()");
	twin_close(mysql.client);
	twin_require(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	twin_send(client, TWIN_REQUEST);
	pthread_barrier_wait(&acceptor.accepted);
	twin_require(acceptor.fd == mysql.client, "accept() returns the same number");
	library_close(mysql.client);
	pthread_barrier_wait(&acceptor.closed);
	pthread_join(thread, NULL);

	twin_read_until_end(client);
	twin_close(client);
	twin_read_until_end(mysql.server);
	twin_close(mysql.server);
	twin_close(acceptor.listener);
	return 0;
}
