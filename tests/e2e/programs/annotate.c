/*
 * Puts notes on connections by the public header, as a program does that is built once and runs with and
 * without the shim. Prints what it sees, which must not depend on that but in `version`.
 *
 *	annotate [NOTE]
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../include/tcpwaitspy.h"

static int calls;

/* An argument with an effect, which happens once either way. */
static int descriptor(int fd)
{
	calls++;
	return fd;
}

static int note_connection(int fd, const char *note)
{
	errno = 4711;
	tcpwaitspy_annotate(descriptor(fd), note);
	return errno == 4711 ? 0 : -1;
}

int main(int argc, char **argv)
{
	const char *note = argc > 1 ? argv[1] : "tenant 7";
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	char data[8];
	int listener, client, served, failed = 0;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) != 0)
		return 2;
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(client, (struct sockaddr *)&address, len) != 0)
		return 2;
	served = accept(listener, NULL, NULL);
	failed += note_connection(served, note);
	failed += note_connection(STDIN_FILENO, "no socket");
	failed += note_connection(-1, "no descriptor");
	failed += note_connection(1000000000, "no descriptor");
	failed += note_connection(client, "for a moment");
	failed += note_connection(client, NULL);
	if (send(client, "hello", 5, 0) != 5 || recv(served, data, sizeof(data), 0) != 5)
		return 2;
	tcpwaitspy_summary();
	close(served);
	failed += note_connection(served, "closed already");
	failed += close(served) == -1 && errno == EBADF ? 0 : -1;
	if (recv(client, data, sizeof(data), 0) != 0)
		return 2;
	close(client);
	close(listener);
	printf("calls %d failed %d\n", calls, failed);
	fprintf(stderr, "version %s\n", tcpwaitspy_version() ? tcpwaitspy_version() : "none");
	return 0;
}
