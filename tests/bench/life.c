/*
 * life CONNECTIONS: the life of one connection after the other, both sides in one thread: socket,
 * connect, accept, shutdown, recv, close. Prints the time of one, and of the first and the last
 * tenth by themselves: what becomes slower with the number of connections that ever were shows there.
 */
#include "bench.h"

#define WARM_UP 100

int main(int argc, char **argv)
{
	long connections = bench_number(argc, argv, 1, 2000);
	long tenth = connections / 10;
	struct sockaddr_in addr;
	int listener = bench_listen(&addr);
	struct bench_time begin = {0}, first = {0}, last = {0}, end;
	int ends[2];

	if (tenth < 1)
		tenth = 1;
	for (long i = -WARM_UP; i < connections; i++) {
		if (i == 0)
			begin = bench_now();
		if (i == tenth)
			first = bench_now();
		if (i == connections - tenth)
			last = bench_now();
		bench_connect(listener, &addr, ends);
		bench_disconnect(ends);
	}
	end = bench_now();
	bench_print_since("", begin, end, connections);
	bench_print_since("first_", begin, first, tenth);
	bench_print_since("last_", last, end, tenth);
	close(listener);
	return 0;
}
