/*
 * accept-spin, the bad twin: accept() fails with EMFILE and is called again at once.
 *
 * The client stays in the listener's queue, so poll() says "readable" and accept()
 * fails, over and over, with a whole processor. That descriptors are exhausted is a
 * rule of its own (descriptors-exhausted), and fires here, too.
 *
 * Fault: serve_forever
 */
#define _GNU_SOURCE 1 /* For accept4(). */

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "twin.h"

/* "For ever", for a program that must end. */
enum { ROUNDS = 1000 };

TWIN_IN_STACKS static int serve_forever(int listener)
{
	int failures = 0;

	for (int round = 0; round < ROUNDS; round++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd == -1) {
			failures += errno == EMFILE;
			continue;
		}
		twin_close(fd);
	}
	return failures;
}

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int server;

	twin_limit_descriptors(0);
	twin_show(serve_forever(listener) == ROUNDS, "serve_forever: accept() = -1 EMFILE, over and over");
	twin_unlimit_descriptors();
	server = twin_accept(listener);
	twin_close(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	return 0;
}
