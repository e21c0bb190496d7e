/*
 * alone CASE: a program with one thread and no children but those that it names, which counts on having the
 * process to itself: its lowest free number, its children, its table of descriptors, its being the only thread.
 */
#include "net.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#define LONG_NS 700000000

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* A child that has the connection and does nothing: who closes it here has ended nothing, and that is looked into. */
static pid_t start_holder(void)
{
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	return child;
}

static void end_holder(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void lowest_number(void)
{
	struct pair pair = open_pair();
	pid_t holder = start_holder();
	int64_t until_ns = now_ns() + LONG_NS;
	unsigned long others = 0;
	int lowest;

	exchange(pair);
	close(pair.client);
	lowest = dup(0);
	close(lowest);
	while (now_ns() < until_ns) {
		int fd = dup(0);

		others += fd != lowest;
		close(fd);
	}
	printf("always the lowest number: %s\n", others ? "no" : "yes");
	end_holder(holder);
	close(pair.server);
}

/* __WALL is for threads and processes of every kind, with a signal at their end or without. */
static void any_child(void)
{
	struct pair pair = open_pair();
	pid_t child = fork(), got;

	if (child == 0) {
		nanosleep(&(struct timespec){.tv_nsec = LONG_NS}, NULL);
		_exit(0);
	}
	got = waitpid(-1, NULL, __WALL);
	printf("the child: %s\n", got == child ? "yes" : "no");
	say_end(pair);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(lowest_number),
	HAZARD_CASE(any_child),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
