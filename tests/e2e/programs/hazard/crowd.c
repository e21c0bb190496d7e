/*
 * crowd CASE: what a thread meets with that is not the only one: a thousand others, one that has the number and the
 * record of a connection that it has closed, and one that sets a limit.
 */
#include "net.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "../../../../include/tcpwaitspy.h"

#define MANY   1100 /* more than the shim has places for threads that are inside calls */
#define ROUNDS 200
#define TRIES  100
#define LOWER  512 /* twice that is where the table of descriptors grows, which takes its time */
#define HIGHER 4096

static struct pair pair;
static pthread_barrier_t all_are_here, all_may_go;

/* Processor time of some rounds of this thread, in ns. */
static int64_t time_rounds(void)
{
	struct timespec before, after;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	for (int i = 0; i < ROUNDS; i++)
		exchange(pair);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	return (after.tv_sec - before.tv_sec) * INT64_C(1000000000) + after.tv_nsec - before.tv_nsec;
}

static void *time_late(void *time_ns)
{
	*(int64_t *)time_ns = time_rounds();
	return NULL;
}

static void *be_one_of_many(void *unused)
{
	char byte;

	recv(pair.server, &byte, 1, MSG_DONTWAIT);
	pthread_barrier_wait(&all_are_here);
	pthread_barrier_wait(&all_may_go);
	return unused;
}

/* A call costs what it costs, however many other threads there are. */
static void crowd(void)
{
	pthread_attr_t small;
	pthread_t late;
	int64_t alone_ns, last_ns;

	pair = open_pair();
	alone_ns = time_rounds();
	pthread_barrier_init(&all_are_here, NULL, MANY + 1);
	pthread_barrier_init(&all_may_go, NULL, MANY + 1);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (int i = 0; i < MANY; i++) {
		pthread_t thread;

		if (pthread_create(&thread, &small, be_one_of_many, NULL) != 0) {
			puts("not so many threads");
			_exit(77);
		}
		pthread_detach(thread);
	}
	pthread_barrier_wait(&all_are_here);
	pthread_create(&late, NULL, time_late, &last_ns);
	pthread_join(late, NULL);
	printf("the last one is as fast: %s\n", last_ns < alone_ns * 20 ? "yes" : "no");
	pthread_barrier_wait(&all_may_go);
	close_pair(pair);
}

/* They have the number and the record of a connection that is closed. */
static void *open_two(void *unused)
{
	for (int i = 0; i < 2; i++)
		tcpwaitspy_annotate(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "another one's");
	return unused;
}

/* A close() too many at one of the first numbers, of which is told only when no loop has followed. */
static void held_back(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;

	tcpwaitspy_annotate(fd, "its own");
	close(fd);
	printf("%s\n", error_of(close(fd)));
	pthread_create(&thread, NULL, open_two, NULL);
	pthread_join(thread, NULL);
	usleep(500000);
}

static pthread_barrier_t both_are_here;

static void *set_limit(void *turns)
{
	pthread_barrier_wait(&both_are_here);
	for (volatile int i = 0; i < *(const int *)turns; i++)
		;
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){LOWER, HIGHER});
	return NULL;
}

/* A first socket in one thread, and in another the limit on descriptors, which is what was set. */
static bool has_limit(int turns)
{
	struct rlimit limit = {LOWER * 2, HIGHER};
	pthread_t thread;

	setrlimit(RLIMIT_NOFILE, &limit);
	pthread_barrier_init(&both_are_here, NULL, 2);
	pthread_create(&thread, NULL, set_limit, &turns);
	pthread_barrier_wait(&both_are_here);
	close(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	pthread_join(thread, NULL);
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == LOWER;
}

static void limits(void)
{
	int good = 0;

	for (int i = 0; i < TRIES; i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(has_limit(i * 400) ? 0 : 1);
		good += waitpid(child, &status, 0) == child && status == 0;
	}
	printf("limits that were set: %d\n", good);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(crowd),
	HAZARD_CASE(held_back),
	HAZARD_CASE(limits),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
