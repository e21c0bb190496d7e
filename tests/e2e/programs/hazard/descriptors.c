/*
 * descriptors CASE: a program that closes numbers that it has not opened, that puts its own
 * over them, and that has no number left. Every number and every error is printed.
 */
#include "net.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>

#define MANY 4096

static void set_limit(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = {soft, hard};

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		give_up("setrlimit");
}

/* All numbers that there are, as a sum; sockets, duplicates and files by turns. */
static void take_all(const char *when)
{
	static int taken[MANY];
	long count = 0, sum = 0;
	int fd = 0, error;

	while (count < MANY && fd >= 0) {
		if (count % 3 == 0)
			fd = socket(AF_INET, SOCK_STREAM, 0);
		else if (count % 3 == 1)
			fd = dup(taken[count - 1]);
		else
			fd = open("/dev/null", O_RDONLY);
		error = errno;
		if (fd >= 0) {
			taken[count++] = fd;
			sum += fd;
		}
	}
	printf("%s: %ld numbers, sum %ld, highest %d, then %s\n", when, count, sum, taken[count - 1],
	       strerrorname_np(error));
	while (count)
		close(taken[--count]);
}

/* Every call that makes a descriptor, when there is none left. */
static void nothing_left(void)
{
	struct sockaddr_in addr;
	int listener = open_listener(5, &addr), client = socket(AF_INET, SOCK_STREAM, 0), last = -1, rc, ends[2];

	connect(client, (struct sockaddr *)&addr, sizeof(addr));
	while ((rc = open("/dev/null", O_RDONLY)) >= 0)
		last = rc;
	rc = socket(AF_INET, SOCK_STREAM, 0);
	printf("socket = %d %s\n", rc, error_of(rc));
	rc = accept(listener, NULL, NULL);
	printf("accept = %d %s\n", rc, error_of(rc));
	rc = dup(client);
	printf("dup = %d %s\n", rc, error_of(rc));
	rc = fcntl(client, F_DUPFD, 0);
	printf("F_DUPFD = %d %s\n", rc, error_of(rc));
	rc = pipe(ends);
	printf("pipe = %d %s\n", rc, error_of(rc));
	rc = dup2(client, last);
	printf("dup2 %d\n", rc == last);
	close(last);
	rc = accept(listener, NULL, NULL);
	printf("accept %d\n", rc == last);
	say_end((struct pair){client, rc});
}

static void emfile(void)
{
	take_all("all");
	nothing_left();
}

static void low_limit(void)
{
	struct pair pair = open_pair();

	set_limit(12, 12);
	take_all("of 12");
	say_end(pair);
	pair = open_pair();
	set_limit(0, 12);
	printf("socket = %d\n", socket(AF_INET, SOCK_STREAM, 0));
	say_end(pair);
	set_limit(12, 12);
	nothing_left();
}

/* As daemons and shells do it: everything that may be there. */
static void close_loop(void)
{
	struct pair before = open_pair(), after;

	for (int round = 0; round < 3; round++) {
		for (int fd = 3; fd < 2048; fd++)
			close(fd);
		after = open_pair();
		printf("%d %d\n", after.client, after.server);
		say_end(after);
	}
	printf("send = %zd\n", send(before.client, "x", 1, MSG_NOSIGNAL));
}

/* A clean-up over numbers that follow each other, run three times: eight closes too many, and no loop over all. */
static void clean_up_again(void)
{
	int fds[4];

	for (int i = 0; i < 4; i++)
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 4; i++)
			printf("%d: close = %d\n", fds[i], close(fds[i]));
}

static void close_all(void)
{
	static const unsigned int flags[] = {0, CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE};

	for (size_t i = 0; i < 4; i++) {
		struct pair lost = open_pair(), after;
		int rc = 0;

		if (i < 3)
			rc = close_range(3, ~0u, (int)flags[i]);
		else
			closefrom(3);
		if (i == 1) {
			say_end(lost);
		} else {
			after = open_pair();
			printf("%d %d\n", after.client, after.server);
			say_end(after);
		}
		printf("rc %d\n", rc);
	}
}

/* Its own file at every number up to the limit, a socket's too, and what is in it at the end. */
static void cover_all(void)
{
	struct rlimit limit;
	struct pair pair = open_pair();
	FILE *file = tmpfile();
	int fd = fileno(file);
	long covered = 0;

	getrlimit(RLIMIT_NOFILE, &limit);
	for (int to = pair.server + 3; to < (int)limit.rlim_cur; to++)
		covered += dup2(fd, to) == to;
	dprintf((int)limit.rlim_cur - 1, "one line\n");
	printf("covered %ld\n", covered);
	say_end(pair);
	printf("size %ld\n", (long)lseek(fd, 0, SEEK_END));
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(emfile),	HAZARD_CASE(low_limit), HAZARD_CASE(close_loop),
	HAZARD_CASE(close_all), HAZARD_CASE(cover_all), HAZARD_CASE(clean_up_again),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
