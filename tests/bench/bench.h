/*
 * What the workloads share: a clock, connections over loopback, and how results are printed.
 *
 * A workload prints its results as lines "NAME NUMBER", which tests/bench/lab.py reads: ns is the
 * time of one round by the clock, cpu_ns the processor time of the whole process (the watcher's and
 * the kernel's on its behalf included), which other programs on the machine hardly touch. What a
 * workload sets up and takes down is outside of both. Any failure ends it with status 1.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BENCH_BYTES 64

/* A moment, by both clocks. */
struct bench_time {
	double ns;
	double cpu_ns;
};

static inline double bench_read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static inline struct bench_time bench_now(void)
{
	return (struct bench_time){bench_read_clock(CLOCK_MONOTONIC), bench_read_clock(CLOCK_PROCESS_CPUTIME_ID)};
}

static inline void bench_die(const char *what)
{
	perror(what);
	exit(1);
}

/* The positive number in argv[index], or otherwise where there is none. */
static inline long bench_number(int argc, char **argv, int index, long otherwise)
{
	return index < argc ? atol(argv[index]) : otherwise;
}

/* A listener on a port of the kernel's choice, which addr receives. */
static inline int bench_listen(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*addr = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (struct sockaddr *)addr, len) != 0 || listen(fd, 128) != 0 ||
	    getsockname(fd, (struct sockaddr *)addr, &len) != 0)
		bench_die("listener");
	return fd;
}

/* ends[0] connects, ends[1] is accepted. */
static inline void bench_connect(int listener, const struct sockaddr_in *addr, int ends[2])
{
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (ends[0] < 0 || connect(ends[0], (const struct sockaddr *)addr, sizeof(*addr)) != 0)
		bench_die("connect");
	ends[1] = accept(listener, NULL, NULL);
	if (ends[1] < 0)
		bench_die("accept");
}

/* Both directions to their end, the connecting side first. */
static inline void bench_disconnect(const int ends[2])
{
	char byte;

	if (shutdown(ends[0], SHUT_WR) != 0 || recv(ends[1], &byte, 1, 0) != 0 || close(ends[1]) != 0 ||
	    recv(ends[0], &byte, 1, 0) != 0 || close(ends[0]) != 0)
		bench_die("disconnect");
}

/* Where Nagle's algorithm waits for an acknowledgement the time would be the peer's, and not the call's. */
static inline void bench_no_delay(int fd)
{
	const int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		bench_die("TCP_NODELAY");
}

static inline void bench_print(const char *name, double number)
{
	printf("%s %.1f\n", name, number);
}

/* What one of count rounds took since begin: PREFIXns and PREFIXcpu_ns. */
static inline void bench_print_since(const char *prefix, struct bench_time begin, struct bench_time end, long count)
{
	printf("%sns %.1f\n", prefix, (end.ns - begin.ns) / (double)count);
	printf("%scpu_ns %.1f\n", prefix, (end.cpu_ns - begin.cpu_ns) / (double)count);
}

#endif
