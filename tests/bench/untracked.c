/*
 * untracked KIND ROUNDS: one write and one read of 64 bytes for each round on what is no TCP
 * connection. KIND: pipe (write, read), unix or udp (send, recv).
 */
#include <string.h>

#include "bench.h"

#define WARM_UP 1000

static void make_udp(int ends[2])
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);

	ends[0] = socket(AF_INET, SOCK_DGRAM, 0);
	ends[1] = socket(AF_INET, SOCK_DGRAM, 0);
	if (ends[0] < 0 || ends[1] < 0 || bind(ends[0], (struct sockaddr *)&addr, len) != 0 ||
	    getsockname(ends[0], (struct sockaddr *)&addr, &len) != 0 ||
	    connect(ends[1], (struct sockaddr *)&addr, len) != 0)
		bench_die("udp");
}

static void run_pipe(const int ends[2], long rounds)
{
	char bytes[BENCH_BYTES] = {0};

	for (long i = 0; i < rounds; i++)
		if (write(ends[1], bytes, sizeof(bytes)) != sizeof(bytes) ||
		    read(ends[0], bytes, sizeof(bytes)) != sizeof(bytes))
			bench_die("round");
}

static void run_socket(const int ends[2], long rounds)
{
	char bytes[BENCH_BYTES] = {0};

	for (long i = 0; i < rounds; i++)
		if (send(ends[1], bytes, sizeof(bytes), 0) != sizeof(bytes) ||
		    recv(ends[0], bytes, sizeof(bytes), 0) != sizeof(bytes))
			bench_die("round");
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "pipe";
	long rounds = bench_number(argc, argv, 2, 100000);
	void (*run)(const int ends[2], long rounds) = run_socket;
	struct bench_time begin;
	int ends[2];

	if (strcmp(kind, "udp") == 0) {
		make_udp(ends);
	} else if (strcmp(kind, "unix") == 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
			bench_die("socketpair");
	} else {
		run = run_pipe;
		if (pipe(ends) != 0)
			bench_die("pipe");
	}
	run(ends, WARM_UP);
	begin = bench_now();
	run(ends, rounds);
	bench_print_since("", begin, bench_now(), rounds);
	return 0;
}
