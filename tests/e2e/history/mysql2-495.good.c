/*
 * mysql2 495, the good program: dup2() of a dummy over the descriptor, and the library closes that.
 *
 * The mend of pull request 498: dup2() ends the connection and keeps the number taken in one step,
 * so that no other thread can get it before the library's close(), which is the only one.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { PATIENCE_S = 5 };

struct acceptor {
	int listener;
	int fd;
	pthread_barrier_t accepted;
	pthread_barrier_t closed; /* The library has closed its number. */
};

static void *accept_client(void *argument)
{
	struct acceptor *acceptor = argument;

	/* Linux takes the number when accept() is called, and not when it returns: so not too early. */
	twin_require(twin_wait_readable(acceptor->listener, PATIENCE_S), "a client in the queue");
	acceptor->fd = twin_accept(acceptor->listener);
	twin_receive(acceptor->fd, TWIN_REQUEST);
	pthread_barrier_wait(&acceptor->accepted);
	pthread_barrier_wait(&acceptor->closed);
	twin_read_until_end(acceptor->fd);
	twin_close(acceptor->fd);
	return NULL;
}

static void invalidate_fd(int fd)
{
	int dummy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	twin_require(dummy != -1, "socket(AF_UNIX)");
	twin_show(dup2(dummy, fd) == fd, "invalidate_fd: dup2() of a dummy ends the connection");
	twin_close(dummy);
}

/* What mysql_close() does last. */
static void library_close(int fd)
{
	twin_close(fd);
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
	invalidate_fd(mysql.client);
	twin_require(connect(client, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	twin_send(client, TWIN_REQUEST);
	pthread_barrier_wait(&acceptor.accepted);
	twin_require(acceptor.fd != mysql.client, "accept() returns another number");
	library_close(mysql.client);
	pthread_barrier_wait(&acceptor.closed);
	twin_close(client);
	pthread_join(thread, NULL);

	twin_read_until_end(mysql.server);
	twin_close(mysql.server);
	twin_close(acceptor.listener);
	return 0;
}
