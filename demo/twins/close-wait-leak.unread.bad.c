/*
 * close-wait-leak, a bad twin, cause eof-unread: the FIN comes and is never read.
 *
 * The server answers one request and keeps the connection for a next one, but
 * nothing looks at it again: neither recv() nor poll() will ever tell that the
 * client has closed. No call is wrong; the fault is where the connection is made
 * and nobody is put in charge of it.
 *
 * Fault: accept_and_forget
 * Created: accept_and_forget
 */
#define _GNU_SOURCE 1 /* For accept4(). */

#include <stddef.h>
#include <sys/socket.h>

#include "twin.h"

TWIN_IN_STACKS static int accept_and_forget(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	twin_require(fd != -1, "accept4()");
	twin_receive(fd, TWIN_REQUEST);
	twin_send(fd, TWIN_REPLY);
	return fd;
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int fd;

	twin_send(client, TWIN_REQUEST);
	fd = accept_and_forget(listener);
	twin_receive(client, TWIN_REPLY);
	twin_close(client);
	twin_show(!twin_wait_readable(listener, seconds), "accept_and_forget: looks at the listener only");
	/* Only the end of the service closes what it has kept. */
	twin_close(fd);
	twin_close(listener);
	return 0;
}
