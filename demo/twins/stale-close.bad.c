/*
 * stale-close, the bad twin: a second close() that hits another client.
 *
 * handle_client() closes, and forget_session() closes the number once more. Between
 * the two another thread has accepted the next client, and the kernel has given it
 * the same number: the second close() succeeds and ends the wrong connection.
 *
 * Fault: forget_session
 */
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

struct session {
	int fd;
	pthread_barrier_t handled; /* The first client's descriptor is closed. */
	pthread_barrier_t taken; /* The next client has its number. */
};

TWIN_IN_STACKS static void handle_client(struct session *session)
{
	twin_read_until_end(session->fd);
	twin_close(session->fd);
}

TWIN_IN_STACKS static void forget_session(struct session *session)
{
	twin_show(close(session->fd) == 0, "forget_session: second close() = 0, of another client");
}

static void *serve_session(void *argument)
{
	struct session *session = argument;

	handle_client(session);
	pthread_barrier_wait(&session->handled);
	pthread_barrier_wait(&session->taken);
	forget_session(session);
	return NULL;
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int first_client = twin_connect(port);
	int next_client = twin_connect(port);
	struct session session = {.fd = twin_accept(listener)};
	pthread_t thread;

	pthread_barrier_init(&session.handled, NULL, 2);
	pthread_barrier_init(&session.taken, NULL, 2);
	twin_require(pthread_create(&thread, NULL, serve_session, &session) == 0, "pthread_create()");
	/* Half-closed only: no number but the session's may become free. */
	twin_end_sending(first_client);
	pthread_barrier_wait(&session.handled);
	twin_require(twin_accept(listener) == session.fd, "the next client gets the same number");
	twin_send(next_client, TWIN_REQUEST);
	twin_end_sending(next_client);
	twin_receive(session.fd, TWIN_REQUEST);
	pthread_barrier_wait(&session.taken);
	pthread_join(thread, NULL);

	/* The next client's reply is never sent: its connection was closed behind the server's back. */
	twin_read_until_end(next_client);
	twin_close(next_client);
	twin_read_until_end(first_client);
	twin_close(first_client);
	twin_close(listener);
	return 0;
}
