/*
 * idle CONNECTIONS SECONDS: what open connections cost while nobody calls on them: the memory of
 * each (both ends are in this process and count as two), and the processor time of SECONDS.
 */
#include <string.h>

#include "bench.h"

#define WARM_UP 100

/* Resident bytes; smaps_rollup counts pages, where statm has a number that lags behind. */
static double resident_bytes(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kilobytes = 0;

	if (!file)
		bench_die("/proc/self/smaps_rollup");
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "Rss:", 4) == 0)
			kilobytes = atol(line + 4);
	fclose(file);
	return (double)kilobytes * 1024;
}

int main(int argc, char **argv)
{
	long connections = bench_number(argc, argv, 1, 4000);
	long seconds = bench_number(argc, argv, 2, 3);
	int(*ends)[2] = calloc((size_t)(connections + WARM_UP), sizeof(*ends));
	struct sockaddr_in addr;
	int listener = bench_listen(&addr);
	struct bench_time begin;
	double before_bytes;

	if (!ends)
		bench_die("memory");
	/* The array itself is touched before the count begins. */
	memset(ends, 0xff, sizeof(*ends) * (size_t)(connections + WARM_UP));
	for (long i = 0; i < WARM_UP; i++)
		bench_connect(listener, &addr, ends[i]);
	resident_bytes();
	before_bytes = resident_bytes();
	for (long i = 0; i < connections; i++)
		bench_connect(listener, &addr, ends[WARM_UP + i]);
	bench_print("bytes", (resident_bytes() - before_bytes) / (double)(2 * connections));
	begin = bench_now();
	if (seconds > 0) {
		sleep((unsigned int)seconds);
		bench_print("processor_us", (bench_now().cpu_ns - begin.cpu_ns) / 1e3 / (double)seconds);
	}
	for (long i = 0; i < connections + WARM_UP; i++)
		bench_disconnect(ends[i]);
	free(ends);
	close(listener);
	return 0;
}
