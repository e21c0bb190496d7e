/*
 * many CASE NUMBER: many connections at once, or many in a row. What memory they take is said on
 * standard error, as `rss KILOBYTES` after a tenth of them and after all.
 */
#include "net.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>

#define ADDRESSES 100 /* 127.0.0.1 and on: each has ports of its own for connections in TIME_WAIT */

static int number;

static void say_memory(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		give_up("statm");
	fclose(file);
	fprintf(stderr, "rss %ld\n", pages * (sysconf(_SC_PAGESIZE) / 1024));
}

static struct pair connect_to(int listener, const struct sockaddr_in *addr)
{
	struct pair pair = {.client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	if (pair.client < 0 || connect(pair.client, (const struct sockaddr *)addr, sizeof(*addr)) != 0)
		give_up("connect");
	pair.server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (pair.server < 0)
		give_up("accept");
	return pair;
}

static void at_once(void)
{
	struct rlimit limit = {(rlim_t)number * 2 + 100, (rlim_t)number * 2 + 100};
	struct pair *pairs = calloc((size_t)number, sizeof(*pairs));
	struct sockaddr_in addr;
	int listener, good = 0;

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
		puts("not so many descriptors");
		exit(77);
	}
	memset(pairs, 0xff, (size_t)number * sizeof(*pairs));
	listener = open_listener(5, &addr);
	for (int i = 0; i < number; i++) {
		pairs[i] = connect_to(listener, &addr);
		if (i + 1 == number / 10)
			say_memory();
	}
	say_memory();
	for (int i = 0; i < number; i++)
		good += exchange(pairs[i]);
	printf("exchanged %d\n", good);
	for (int i = good = 0; i < number; i++)
		good += close_pair(pairs[i]);
	printf("closed %d\n", good);
	close(listener);
}

/* Every second one is reset, so that it leaves nothing behind; the others stay in TIME_WAIT for a minute. */
static void in_a_row(void)
{
	const struct linger at_once = {.l_onoff = 1};
	struct sockaddr_in addr = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), good = 0;
	socklen_t len = sizeof(addr);

	if (listen(listener, 5) != 0 || getsockname(listener, (struct sockaddr *)&addr, &len) != 0)
		give_up("listen");
	for (int i = 0; i < number; i++) {
		struct pair pair;

		addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(i / 2 % ADDRESSES));
		pair = connect_to(listener, &addr);
		if (i % 2 == 0) {
			setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
			good += close(pair.client) == 0 && close(pair.server) == 0;
		} else {
			good += close_pair(pair);
		}
		if (i + 1 == number / 10)
			say_memory();
	}
	say_memory();
	printf("closed %d\n", good);
	close(listener);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(at_once),
	HAZARD_CASE(in_a_row),
};

int main(int argc, char **argv)
{
	number = argc > 2 ? atoi(argv[2]) : 100;
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
