/*
 * The twins' healthy half; the contracts are in twin.h. Holds no state but the
 * saved descriptor limit.
 */
#define _GNU_SOURCE 1 /* For accept4(). */

#include "twin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIFETIME_S = 20, EXIT_SKIPPED = 77, RESET_TIMEOUT_MS = 5000, ASLEEP_LOOKS = 3, ASLEEP_PAUSE_MS = 10 };

/* Before main(), so that not one line of a twin can hang for ever. */
__attribute__((constructor)) static void bound_lifetime(void)
{
	alarm(LIFETIME_S);
}

double twin_seconds(int argc, char **argv)
{
	double seconds = 1.0;
	char *end;

	if (argc > 1) {
		seconds = strtod(argv[1], &end);
		if (end == argv[1] || *end != '\0' || !(seconds >= 0 && seconds <= 3600)) {
			fprintf(stderr, "%s: wants seconds from 0 to 3600, not '%s'\n", argv[0], argv[1]);
			exit(2);
		}
		alarm(LIFETIME_S + (unsigned)seconds);
	}
	return seconds;
}

void twin_require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "twin: failed: %s (errno: %s)\n", what, strerror(errno));
	exit(1);
}

void twin_show(bool ok, const char *what)
{
	twin_require(ok, what);
	puts(what);
}

void twin_skip(const char *why)
{
	printf("skipped: %s\n", why);
	exit(EXIT_SKIPPED);
}

struct sockaddr_in twin_loopback(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

int twin_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	twin_require(fd != -1, "socket()");
	return fd;
}

static uint16_t local_port(int fd)
{
	struct sockaddr_in address = twin_loopback(0);
	socklen_t size = sizeof(address);

	twin_require(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "getsockname()");
	return ntohs(address.sin_port);
}

uint16_t twin_free_port(void)
{
	uint16_t port = 0;

	/* A socket that never listened leaves nothing behind that could hold the port. */
	twin_close(twin_bind(&port));
	return port;
}

int twin_bind(uint16_t *port)
{
	struct sockaddr_in address = twin_loopback(*port);
	int fd = twin_socket();
	int on = 1;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	*port = local_port(fd);
	return fd;
}

void twin_start_listening(int fd)
{
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
}

int twin_listen(uint16_t *port)
{
	int fd = twin_bind(port);

	twin_start_listening(fd);
	return fd;
}

int twin_connect(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();

	twin_require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	return fd;
}

int twin_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	twin_require(fd != -1, "accept()");
	return fd;
}

void twin_close(int fd)
{
	twin_require(close(fd) == 0, "close()");
}

struct twin_pair twin_open_pair(void)
{
	struct twin_pair pair;
	uint16_t port = 0;
	int listener = twin_listen(&port);

	/* The kernel completes the connection in the listener's queue, before accept(). */
	pair.client = twin_connect(port);
	pair.server = twin_accept(listener);
	twin_close(listener);
	return pair;
}

void twin_send(int fd, const char *text)
{
	ssize_t length = (ssize_t)strlen(text);

	/* A message is far below the send buffer's size, so it goes out whole. */
	twin_require(send(fd, text, (size_t)length, MSG_NOSIGNAL) == length, "send()");
}

void twin_receive(int fd, const char *due)
{
	char text[128] = "";
	size_t got = 0;

	while (got < strlen(due)) {
		ssize_t part = recv(fd, text + got, strlen(due) - got, 0);

		twin_require(part > 0, "recv() of a whole message");
		got += (size_t)part;
	}
	twin_require(memcmp(text, due, got) == 0, "recv() of the message that is due");
}

void twin_read_until_end(int fd)
{
	char text[128];
	ssize_t got;

	do {
		got = recv(fd, text, sizeof(text), 0);
		twin_require(got != -1, "recv() until the end of file");
	} while (got > 0);
}

void twin_end_sending(int fd)
{
	twin_require(shutdown(fd, SHUT_WR) == 0, "shutdown(SHUT_WR)");
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool twin_wait_readable(int fd, double seconds)
{
	int64_t end_ms = now_ms() + (int64_t)(seconds * 1000);
	struct pollfd look = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left_ms = end_ms - now_ms();
		int ready = poll(&look, 1, left_ms > 0 ? (int)left_ms : 0);

		if (ready >= 0)
			return ready == 1;
		twin_require(errno == EINTR, "poll()");
	}
}

void twin_wait_reset(int fd)
{
	/* POLLERR is always reported; asking for nothing else keeps POLLIN from ending the wait. */
	struct pollfd look = {.fd = fd};

	twin_require(poll(&look, 1, RESET_TIMEOUT_MS) == 1 && (look.revents & POLLERR), "RST from the peer");
}

static bool is_asleep(pid_t tid)
{
	char path[64], line[512], *state;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	stat = fopen(path, "re");
	twin_require(stat && fgets(line, sizeof(line), stat), path);
	fclose(stat);
	/* The name stands in parentheses and may hold spaces; the state follows it. */
	state = strrchr(line, ')');
	return state && state[1] == ' ' && state[2] == 'S';
}

void twin_wait_asleep(pid_t tid)
{
	/* More than one look, so that a short sleep on a lock is not taken for the call. */
	for (int in_a_row = 0; in_a_row < ASLEEP_LOOKS; poll(NULL, 0, ASLEEP_PAUSE_MS))
		in_a_row = is_asleep(tid) ? in_a_row + 1 : 0;
}

struct twin_child twin_start_child(void (*work)(int channel))
{
	int channels[2];
	pid_t pid;

	twin_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channels) == 0, "socketpair()");
	/* What stdio still holds would be written by both. */
	fflush(NULL);
	pid = fork();
	twin_require(pid != -1, "fork()");
	if (pid == 0) {
		alarm(LIFETIME_S);
		twin_close(channels[0]);
		work(channels[1]);
		twin_close(channels[1]);
		exit(0);
	}
	twin_close(channels[1]);
	return (struct twin_child){.pid = pid, .channel = channels[0]};
}

void twin_tell(int channel, uint16_t value)
{
	twin_require(send(channel, &value, sizeof(value), MSG_NOSIGNAL) == sizeof(value), "twin_tell()");
}

uint16_t twin_hear(int channel)
{
	uint16_t value;

	twin_require(recv(channel, &value, sizeof(value), 0) == sizeof(value), "twin_hear()");
	return value;
}

void twin_wait_child(struct twin_child child)
{
	int status;

	twin_require(waitpid(child.pid, &status, 0) == child.pid, "waitpid()");
	twin_require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's exit status 0");
	twin_close(child.channel);
}

void twin_kill_child(struct twin_child child)
{
	twin_require(kill(child.pid, SIGKILL) == 0, "kill()");
	/* A child that can be waited for has had all its descriptors closed. */
	twin_require(waitpid(child.pid, NULL, 0) == child.pid, "waitpid()");
	twin_close(child.channel);
}

static struct rlimit unlimited;

void twin_limit_descriptors(int room)
{
	struct rlimit limited;
	/* A new descriptor gets the lowest free number, so this tells where the room begins. */
	int lowest_free = dup(STDIN_FILENO);

	if (lowest_free == -1)
		lowest_free = dup(STDOUT_FILENO);
	twin_require(lowest_free != -1, "dup()");
	twin_close(lowest_free);
	twin_require(getrlimit(RLIMIT_NOFILE, &unlimited) == 0, "getrlimit()");
	limited = unlimited;
	limited.rlim_cur = (rlim_t)lowest_free + (rlim_t)room;
	twin_require(setrlimit(RLIMIT_NOFILE, &limited) == 0, "setrlimit()");
}

void twin_unlimit_descriptors(void)
{
	twin_require(setrlimit(RLIMIT_NOFILE, &unlimited) == 0, "setrlimit()");
}
