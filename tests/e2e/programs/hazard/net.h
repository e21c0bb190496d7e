/*
 * What the hazard programs share: connections over loopback, and waiting until the kernel says
 * that a thread is inside a call. A program of these prints what the calls returned, so that a run
 * with the shim can be held against one without it.
 */
#ifndef HAZARD_NET_H
#define HAZARD_NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct pair {
	int client;
	int server;
};

struct hazard_case {
	const char *name;
	void (*play)(void);
};

#define HAZARD_CASE(function)                                                                                          \
	{                                                                                                              \
#function, function                                                                                    \
	}

static inline void give_up(const char *what)
{
	fprintf(stderr, "hazard: %s: %s\n", what, strerrorname_np(errno));
	_exit(99);
}

static inline int open_listener(int backlog, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (listener < 0 || bind(listener, (struct sockaddr *)addr, len) != 0 || listen(listener, backlog) != 0 ||
	    getsockname(listener, (struct sockaddr *)addr, &len) != 0)
		give_up("listener");
	return listener;
}

static inline struct pair open_pair(void)
{
	struct sockaddr_in addr;
	int listener = open_listener(1, &addr);
	struct pair pair = {.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	if (connect(pair.client, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		give_up("connect");
	pair.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (pair.server < 0)
		give_up("accept");
	close(listener);
	return pair;
}

/* False when a byte did not arrive. */
static inline bool exchange(struct pair pair)
{
	char byte = 0;

	return send(pair.client, "x", 1, MSG_NOSIGNAL) == 1 && recv(pair.server, &byte, 1, 0) == 1 && byte == 'x';
}

/* In the order in which nobody loses anything; false where an end of file did not come. */
static inline bool close_pair(struct pair pair)
{
	char byte;
	bool ended = close(pair.client) == 0 && recv(pair.server, &byte, 1, 0) == 0;

	return close(pair.server) == 0 && ended;
}

static inline void say_end(struct pair pair)
{
	bool exchanged = exchange(pair);

	printf("exchanged %d closed %d\n", exchanged, close_pair(pair));
}

/* One connection's life after the other. */
static inline void live_until(const atomic_bool *stop)
{
	while (!*stop) {
		struct pair mine = open_pair();

		if (!exchange(mine) || !close_pair(mine))
			give_up("exchange");
	}
}

/* Waits until the kernel has the thread inside this system call. */
static inline void wait_until_in(int tid, long wanted)
{
	char path[64];
	long number = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	while (number != wanted) {
		FILE *file = fopen(path, "re");

		if (!file || fscanf(file, "%ld", &number) != 1)
			number = -1; /* It runs. */
		if (file)
			fclose(file);
		sched_yield();
	}
}

static inline const char *error_of(long rc)
{
	return rc < 0 ? strerrorname_np(errno) : "";
}

static inline int play_case(const struct hazard_case *cases, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(cases[i].name, name) != 0)
			continue;
		cases[i].play();
		printf("done\n");
		return 0;
	}
	return 2;
}

#endif
