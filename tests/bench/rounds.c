/*
 * rounds ROUNDS [OPEN [THREADS]]: send and recv of 64 bytes over loopback, both in the same thread.
 * Each round goes over the next of OPEN connections (1), so that with many of them no record is warm
 * in a cache. With THREADS each has connections of its own and makes ROUNDS; what is printed is for
 * one round of one thread.
 */
#include <pthread.h>

#include "bench.h"

#define WARM_UP	    1000
#define MAX_THREADS 64

/* One thread's share. */
struct lane {
	pthread_t thread;
	int (*ends)[2];
	long open;
	long rounds;
};

static void *run(void *data)
{
	const struct lane *lane = data;
	char bytes[BENCH_BYTES] = {0};
	long next = 0;

	for (long i = 0; i < lane->rounds; i++) {
		if (send(lane->ends[next][0], bytes, sizeof(bytes), 0) != sizeof(bytes) ||
		    recv(lane->ends[next][1], bytes, sizeof(bytes), 0) != sizeof(bytes))
			bench_die("round");
		if (++next == lane->open)
			next = 0;
	}
	return NULL;
}

static void open_lane(struct lane *lane, long open)
{
	struct sockaddr_in addr;
	int listener = bench_listen(&addr);

	lane->open = open;
	lane->ends = calloc((size_t)open, sizeof(*lane->ends));
	if (!lane->ends)
		bench_die("memory");
	for (long i = 0; i < open; i++) {
		bench_connect(listener, &addr, lane->ends[i]);
		bench_no_delay(lane->ends[i][0]);
	}
	close(listener);
	lane->rounds = open < WARM_UP ? WARM_UP : open;
	run(lane);
}

static void close_lane(struct lane *lane)
{
	for (long i = 0; i < lane->open; i++)
		bench_disconnect(lane->ends[i]);
	free(lane->ends);
}

/* One lane runs in the first thread: a program with one thread stays one. */
static void run_lanes(struct lane *lanes, long count)
{
	if (count == 1) {
		run(&lanes[0]);
		return;
	}
	for (long i = 0; i < count; i++)
		if (pthread_create(&lanes[i].thread, NULL, run, &lanes[i]) != 0)
			bench_die("thread");
	for (long i = 0; i < count; i++)
		pthread_join(lanes[i].thread, NULL);
}

int main(int argc, char **argv)
{
	long rounds = bench_number(argc, argv, 1, 20000);
	long open = bench_number(argc, argv, 2, 1);
	long threads = bench_number(argc, argv, 3, 1);
	struct lane lanes[MAX_THREADS];
	struct bench_time begin;

	if (threads < 1 || threads > MAX_THREADS)
		return 1;
	for (long i = 0; i < threads; i++) {
		open_lane(&lanes[i], open);
		lanes[i].rounds = rounds;
	}
	begin = bench_now();
	run_lanes(lanes, threads);
	bench_print_since("", begin, bench_now(), rounds);
	for (long i = 0; i < threads; i++)
		close_lane(&lanes[i]);
	return 0;
}
