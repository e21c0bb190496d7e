/*
 * alone CASE: a program with one thread and no children but those that it names, which counts on having the
 * process to itself: its lowest free number, its children, its table of descriptors, its being the only thread.
 */
#include "net.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>

#define LONG_NS	   700000000
#define SOME	   20
#define PATIENCE   3000 /* ms */
#define OTHER_FLAG (1u << 7) /* none of close_range()'s */

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

/* Closes some, one after another, and sees meanwhile which numbers it gets. */
static void lowest_number(void)
{
	struct pair pairs[SOME];
	unsigned long others = 0;
	int lowest;
	pid_t holder;

	lowest = dup(0);
	for (int i = 0; i < SOME; i++)
		pairs[i] = open_pair();
	holder = start_holder();
	for (int i = 0; i < SOME; i++) {
		int64_t until_ns = now_ns() + LONG_NS / SOME;

		exchange(pairs[i]);
		close(pairs[i].client);
		/* Below all that was closed, so that this number is the lowest all the time. */
		close(lowest);
		while (now_ns() < until_ns) {
			int fd = dup(0);

			others += fd != lowest;
			close(fd);
		}
		if (dup(0) != lowest)
			others++;
	}
	printf("always the lowest number: %s\n", others ? "no" : "yes");
	end_holder(holder);
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

/* Its table is its own already: what is closed after that is closed. */
static void unshared(void)
{
	struct pair pair = open_pair();
	int peer = fcntl(pair.server, F_DUPFD_CLOEXEC, 0);
	struct pollfd end = {.fd = peer, .events = POLLIN};

	printf("unshare %d\n", unshare(CLONE_FILES));
	close(pair.client);
	printf("the peer sees the end: %d\n", poll(&end, 1, PATIENCE) == 1);
	close(pair.server);
	close(peer);
}

static void range_unshared(void)
{
	struct pair pair = open_pair();
	int ends[2], above;
	struct pollfd end = {.events = POLLIN};

	if (pipe2(ends, O_CLOEXEC) != 0)
		give_up("pipe2");
	end.fd = ends[0];
	above = fcntl(ends[1], F_DUPFD_CLOEXEC, 100);
	close(ends[1]);
	printf("close_range %d\n", close_range(100, ~0u, CLOSE_RANGE_UNSHARE));
	printf("the reader sees the end: %d\n", poll(&end, 1, PATIENCE) == 1);
	printf("is open: %d\n", fcntl(above, F_GETFD) >= 0);
	say_end(pair);
}

static void *close_range_of_this_thread(void *unused)
{
	printf("close_range %d\n", close_range(3, 100, CLOSE_RANGE_UNSHARE));
	return unused;
}

/* The others keep their descriptors. */
static void range_unshared_in_a_thread(void)
{
	struct pair pair = open_pair();
	pthread_t thread;

	pthread_create(&thread, NULL, close_range_of_this_thread, NULL);
	pthread_join(thread, NULL);
	say_end(pair);
}

static void range_with_unknown_flags(void)
{
	struct pair pair = open_pair();
	long rc = close_range(3, ~0u, OTHER_FLAG);

	printf("close_range %ld %s\n", rc, error_of(rc));
	say_end(pair);
}

/* For a process with one thread only (user_namespaces(7)). */
static void user_namespace(void)
{
	struct pair pair = open_pair();
	long rc = unshare(CLONE_NEWUSER);

	printf("unshare %ld %s\n", rc, error_of(rc));
	rc = syscall(SYS_unshare, CLONE_NEWUSER);
	printf("unshare %ld %s\n", rc, error_of(rc));
	say_end(pair);
}

/* Nobody calls on the connection that the peer has closed. */
static void watched_again(void)
{
	struct pair pair = open_pair();

	printf("unshare %d\n", unshare(CLONE_FILES));
	shutdown(pair.client, SHUT_WR);
	nanosleep(&(struct timespec){.tv_nsec = LONG_NS / 2}, NULL);
	close_pair(pair);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(lowest_number),
	HAZARD_CASE(any_child),
	HAZARD_CASE(unshared),
	HAZARD_CASE(range_unshared),
	HAZARD_CASE(range_unshared_in_a_thread),
	HAZARD_CASE(range_with_unknown_flags),
	HAZARD_CASE(user_namespace),
	HAZARD_CASE(watched_again),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
