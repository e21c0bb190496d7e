/*
 * The healthy socket calls of the demo; the contracts are in net.h. Holds no
 * state, so both threads call it without a lock.
 */
#define _GNU_SOURCE 1 /* For accept4(). */

#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "say.h"

enum { CONNECT_TRIES = 5, CONNECT_PAUSE_S = 2 };

struct sockaddr_in loopback(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

uint16_t local_port(int fd)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) == -1)
		fail(KERNEL, "getsockname(): %s", strerror(errno));
	return ntohs(address.sin_port);
}

uint16_t peer_port(int fd)
{
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);

	if (getpeername(fd, (struct sockaddr *)&address, &size) == -1)
		fail(KERNEL, "getpeername(): %s", strerror(errno));
	return ntohs(address.sin_port);
}

int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		fail(KERNEL, "socket(): %s", strerror(errno));
	return fd;
}

int bind_server(uint16_t port, bool reuse_address)
{
	struct sockaddr_in address = loopback(port);
	int fd = new_socket();
	int on = 1;

	/* Only an option set before bind() changes what bind() allows. */
	if (reuse_address && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		fail(SERVER, "setsockopt(SO_REUSEADDR): %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1) {
		int bind_errno = errno;

		close(fd);
		errno = bind_errno;
		return -1;
	}
	return fd;
}

int open_listener(uint16_t port)
{
	int fd = bind_server(port, true);

	if (fd == -1 && errno == EADDRINUSE)
		fail(SERVER,
		     "bind() = -1 EADDRINUSE: another program uses port %u; "
		     "choose another with --port, or --port 0",
		     port);
	if (fd == -1)
		fail(SERVER, "bind() to port %u: %s", port, strerror(errno));
	if (listen(fd, SOMAXCONN) == -1)
		fail(SERVER, "listen() on port %u: %s", local_port(fd), strerror(errno));
	say(SERVER, "listens on 127.0.0.1:%u, SO_REUSEADDR set before bind(); waits in accept()", local_port(fd));
	return fd;
}

int accept_client(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd == -1)
		fail(SERVER, "accept(): %s", strerror(errno));
	return fd;
}

int connect_to_server(uint16_t port)
{
	const struct timespec pause = {.tv_sec = CONNECT_PAUSE_S};
	struct sockaddr_in address = loopback(port);

	say(CLIENT, "connect() to 127.0.0.1:%u", port);
	for (int tries = 0; tries < CONNECT_TRIES; tries++) {
		/* POSIX leaves a socket unspecified whose connect() failed: each try takes a new one. */
		int fd = new_socket();

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		if (errno != ECONNREFUSED)
			fail(CLIENT, "connect(): %s", strerror(errno));
		close_socket(fd);
		say(CLIENT, "connect() = -1 ECONNREFUSED: nobody listens yet, next try in %d s", CONNECT_PAUSE_S);
		nanosleep(&pause, NULL);
	}
	fail(CLIENT, "nobody has listened on 127.0.0.1:%u for %d tries", port, CONNECT_TRIES);
}

void send_message(const char *who, int fd, const char *text)
{
	size_t sent = 0;

	say(who, "send(\"%s\")", text);
	while (sent < strlen(text)) {
		/* Without MSG_NOSIGNAL a peer that has reset the connection would end this program. */
		ssize_t done = send(fd, text + sent, strlen(text) - sent, MSG_NOSIGNAL);

		if (done == -1)
			fail(who, "send(): %s", strerror(errno));
		sent += (size_t)done;
	}
}

void receive_message(const char *who, int fd, const char *due)
{
	char text[64] = "";
	size_t got = 0;

	/* TCP keeps the bytes in order but not the messages apart, so one recv() may bring half of one. */
	while (got < strlen(due)) {
		ssize_t part = recv(fd, text + got, strlen(due) - got, 0);

		if (part == -1)
			fail(who, "recv(): %s", strerror(errno));
		if (part == 0)
			fail(who, "recv() = 0 before all of \"%s\" came", due);
		got += (size_t)part;
	}
	if (memcmp(text, due, got) != 0)
		fail(who, "recv() = \"%.*s\" where \"%s\" was due", (int)got, text, due);
	say(who, "recv() = \"%s\"", due);
}

void read_until_end(const char *who, int fd, const char *peer)
{
	char text[64];
	ssize_t got;

	while ((got = recv(fd, text, sizeof(text), 0)) > 0)
		say(who, "recv() = \"%.*s\"", (int)got, text);
	if (got == -1)
		fail(who, "recv(): %s", strerror(errno));
	say(who, "recv() = 0: the %s has closed its direction, nothing more will come", peer);
}

void close_socket(int fd)
{
	if (close(fd) == -1)
		fail(KERNEL, "close(%d): %s", fd, strerror(errno));
}
