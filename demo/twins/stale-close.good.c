/*
 * stale-close, the good twin: close() and forgetting the number are one step, so
 * that the clean-up finds nothing to close. The next client keeps its connection.
 */
#include <pthread.h>
#include <sys/socket.h>

#include "twin.h"

enum { NO_DESCRIPTOR = -1 };

struct session {
	int fd;
	pthread_barrier_t handled; /* The first client's descriptor is closed. */
	pthread_barrier_t taken; /* The next client has its number. */
};

static void handle_client(struct session *session)
{
	twin_read_until_end(session->fd);
	twin_close(session->fd);
	session->fd = NO_DESCRIPTOR;
}

static void forget_session(struct session *session)
{
	if (session->fd != NO_DESCRIPTOR)
		twin_close(session->fd);
	twin_show(session->fd == NO_DESCRIPTOR, "forget_session: nothing left to close");
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
	int number = session.fd;
	pthread_t thread;

	pthread_barrier_init(&session.handled, NULL, 2);
	pthread_barrier_init(&session.taken, NULL, 2);
	twin_require(pthread_create(&thread, NULL, serve_session, &session) == 0, "pthread_create()");
	/* Half-closed only: no number but the session's may become free. */
	twin_end_sending(first_client);
	pthread_barrier_wait(&session.handled);
	twin_require(twin_accept(listener) == number, "the next client gets the same number");
	twin_send(next_client, TWIN_REQUEST);
	twin_end_sending(next_client);
	twin_receive(number, TWIN_REQUEST);
	pthread_barrier_wait(&session.taken);
	pthread_join(thread, NULL);

	twin_send(number, TWIN_REPLY);
	twin_close(number);
	twin_receive(next_client, TWIN_REPLY);
	twin_read_until_end(next_client);
	twin_close(next_client);
	twin_read_until_end(first_client);
	twin_close(first_client);
	twin_close(listener);
	return 0;
}
