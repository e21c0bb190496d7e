/*
 * threads CASE: threads that end inside calls, a process that ends while threads are inside,
 * and calls of libc that every thread has to answer.
 */
#include "net.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>

static struct pair pair;
static int listener;
static struct sockaddr_in address;
static atomic_int inside_tid;
static atomic_bool stop;

static void *in_recv(void *asynchronous)
{
	char byte;

	if (asynchronous)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	inside_tid = (int)syscall(SYS_gettid);
	recv(pair.server, &byte, 1, 0);
	return NULL;
}

static void *in_accept(void *asynchronous)
{
	if (asynchronous)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	inside_tid = (int)syscall(SYS_gettid);
	accept(listener, NULL, NULL);
	return NULL;
}

static void *in_connect(void *asynchronous)
{
	if (asynchronous)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	inside_tid = (int)syscall(SYS_gettid);
	connect(pair.client, (struct sockaddr *)&address, sizeof(address));
	return NULL;
}

/* Cancels a thread once the kernel has it inside. */
static void cancel_in(void *(*body)(void *), long number, bool asynchronous)
{
	pthread_t thread;
	void *result;

	inside_tid = 0;
	pthread_create(&thread, NULL, body, asynchronous ? &thread : NULL);
	while (!inside_tid)
		sched_yield();
	wait_until_in(inside_tid, number);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("%s\n", result == PTHREAD_CANCELED ? "cancelled" : "returned");
}

static void cancel_recv(void)
{
	for (int i = 0; i < 20; i++) {
		pair = open_pair();
		cancel_in(in_recv, SYS_recvfrom, i % 2);
		say_end(pair);
	}
}

static void cancel_accept(void)
{
	listener = open_listener(1, &address);
	for (int i = 0; i < 20; i++) {
		cancel_in(in_accept, SYS_accept, i % 2);
		pair.client = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(pair.client, (struct sockaddr *)&address, sizeof(address)) != 0)
			give_up("connect");
		pair.server = accept(listener, NULL, NULL);
		say_end(pair);
	}
	printf("close = %d\n", close(listener));
}

/* The listener's queue is full: connect() waits until somebody accepts. */
static void cancel_connect(void)
{
	struct pair first;
	int error = 0;

	listener = open_listener(0, &address);
	first.client = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(first.client, (struct sockaddr *)&address, sizeof(address)) != 0)
		give_up("connect");
	pair.client = socket(AF_INET, SOCK_STREAM, 0);
	cancel_in(in_connect, SYS_connect, false);
	first.server = accept(listener, NULL, NULL);
	/* The attempt goes on; to ask again waits for it. */
	if (connect(pair.client, (struct sockaddr *)&address, sizeof(address)) != 0)
		error = errno;
	printf("connect: %s\n", error ? strerrorname_np(error) : "0");
	pair.server = accept(listener, NULL, NULL);
	say_end(first);
	say_end(pair);
	printf("close = %d\n", close(listener));
}

static void close_after_all(void *fd)
{
	printf("in the cleanup: close = %d\n", close(*(int *)fd));
}

/* close() is a cancellation point: with a request that is pending, it does not close. */
static void *close_while_cancelled(void *fd)
{
	pthread_cleanup_push(close_after_all, fd);
	pthread_cancel(pthread_self());
	close(*(int *)fd);
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancel_close(void)
{
	pthread_t thread;
	void *result;
	char byte;

	pair = open_pair();
	pthread_create(&thread, NULL, close_while_cancelled, &pair.client);
	pthread_join(thread, &result);
	printf("%s\n", result == PTHREAD_CANCELED ? "cancelled" : "returned");
	printf("recv = %zd\n", recv(pair.server, &byte, 1, 0));
	printf("close = %d\n", close(pair.server));
}

static void end_thread(int sig)
{
	(void)sig;
	pthread_exit("ended inside");
}

/* The handler ends the thread that is in recv(). */
static void exit_inside(void)
{
	struct sigaction action = {.sa_handler = end_thread};
	pthread_t thread;
	void *result;

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 20; i++) {
		pair = open_pair();
		inside_tid = 0;
		pthread_create(&thread, NULL, in_recv, NULL);
		while (!inside_tid)
			sched_yield();
		wait_until_in(inside_tid, SYS_recvfrom);
		pthread_kill(thread, SIGUSR1);
		pthread_join(thread, &result);
		printf("%s\n", (const char *)result);
		say_end(pair);
	}
}

static void *live(void *unused)
{
	(void)unused;
	live_until(&stop);
	return NULL;
}

static void *wait_in_recv(void *mine)
{
	char byte;

	inside_tid = (int)syscall(SYS_gettid);
	recv(*(const int *)mine, &byte, 1, 0);
	return NULL;
}

/* main() returns while four threads wait in recv() and two are in the middle of everything. */
static void exit_while_inside(void)
{
	static struct pair held[4];
	pthread_t thread;

	for (int i = 0; i < 4; i++) {
		held[i] = open_pair();
		inside_tid = 0;
		pthread_create(&thread, NULL, wait_in_recv, &held[i].server);
		while (!inside_tid)
			sched_yield();
		wait_until_in(inside_tid, SYS_recvfrom);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&thread, NULL, live, NULL);
}

/* The id has to change in every thread, the shim's too, and libc asks each with a signal. */
static void change_ids(void)
{
	pthread_t threads[4];
	int changed = 0;

	pair = open_pair();
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, live, NULL);
	for (int i = 0; i < 200; i++)
		changed += setresgid((gid_t)-1, getgid(), (gid_t)-1) == 0 &&
			   setresuid((uid_t)-1, getuid(), (uid_t)-1) == 0;
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("changed %d\n", changed);
	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		give_up("setuid");
	printf("uid %d gid %d\n", geteuid() == 0, getegid() == 0);
	say_end(pair);
}

static void *make_and_use(void *unused)
{
	(void)unused;
	inside_tid = (int)syscall(SYS_gettid);
	pair = open_pair();
	printf("%s\n", exchange(pair) ? "exchanged" : "lost");
	return NULL;
}

/* A thread makes a connection, uses it and ends; main closes it, which had one of that number before. */
static void hand_over(void)
{
	pthread_t thread;

	pair = open_pair();
	exchange(pair);
	close_pair(pair);
	pthread_create(&thread, NULL, make_and_use, NULL);
	pthread_join(thread, NULL);
	/* pthread_join() returns a moment before the kernel has forgotten the thread. */
	while (syscall(SYS_tgkill, getpid(), inside_tid, 0) == 0)
		sched_yield();
	close_pair(pair);
}

static void *outlive_main(void *seconds_after)
{
	struct timespec moment = {.tv_nsec = *(const long *)seconds_after};

	nanosleep(&moment, NULL);
	say_end(pair);
	return NULL;
}

static void say_goodbye(void)
{
	fputs("in exit()\n", stdout);
}

/* main() ends with pthread_exit(): at once where it is the only thread, and otherwise with the last one. */
static void main_leaves(void)
{
	pair = open_pair();
	close_pair(pair);
	atexit(say_goodbye);
	pthread_exit(NULL);
}

/* No handler is run, and the status counts, since there is no other thread. */
static void main_leaves_by_number(void)
{
	pair = open_pair();
	close_pair(pair);
	fflush(stdout);
	syscall(SYS_exit, 5);
}

static void main_leaves_a_thread(void)
{
	static const long moment = 200000000;
	pthread_t thread;

	pair = open_pair();
	atexit(say_goodbye);
	pthread_create(&thread, NULL, outlive_main, (void *)&moment);
	thrd_exit(3);
}

static void *cancel_main(void *main_thread)
{
	pthread_cancel(*(const pthread_t *)main_thread);
	pthread_join(*(const pthread_t *)main_thread, NULL);
	say_end(pair);
	return NULL;
}

static void main_is_cancelled(void)
{
	static pthread_t self;
	pthread_t thread;

	self = pthread_self();
	pair = open_pair();
	pthread_create(&thread, NULL, cancel_main, &self);
	for (;;)
		pause();
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(cancel_recv),	   HAZARD_CASE(cancel_accept),	   HAZARD_CASE(cancel_connect),
	HAZARD_CASE(cancel_close),	   HAZARD_CASE(exit_inside),	   HAZARD_CASE(exit_while_inside),
	HAZARD_CASE(change_ids),	   HAZARD_CASE(hand_over),	   HAZARD_CASE(main_leaves),
	HAZARD_CASE(main_leaves_a_thread), HAZARD_CASE(main_is_cancelled), HAZARD_CASE(main_leaves_by_number),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
