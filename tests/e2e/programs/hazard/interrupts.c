/*
 * interrupts CASE: leaves a blocking recv() in every way that there is but its return, and goes
 * on to use connections. Prints what it did, and ends with "done". Each case waits until the
 * kernel says that the thread is inside recv().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct pair {
	int client;
	int server;
};

static struct pair idle; /* on which a recv() blocks */
static struct pair other; /* on which a handler works */
static sigjmp_buf out;
static atomic_int reader_tid;
static atomic_bool stop;

static struct pair open_pair(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int yes = 1;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct pair pair = {.client = socket(AF_INET, SOCK_STREAM, 0)};

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, (struct sockaddr *)&addr, len) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&addr, &len) != 0 ||
	    connect(pair.client, (struct sockaddr *)&addr, len) != 0)
		exit(1);
	pair.server = accept(listener, NULL, NULL);
	close(listener);
	return pair;
}

/* False when a byte did not arrive. */
static bool exchange(struct pair pair)
{
	char byte;

	return send(pair.client, "x", 1, MSG_NOSIGNAL) == 1 && recv(pair.server, &byte, 1, 0) == 1 && byte == 'x';
}

static void close_pair(struct pair pair)
{
	char byte;

	close(pair.client);
	if (recv(pair.server, &byte, 1, 0) != 0)
		exit(1);
	close(pair.server);
}

static void wait_until_in_recv(int tid)
{
	char path[64];
	long number = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	while (number != SYS_recvfrom) {
		FILE *file = fopen(path, "r");

		if (!file || fscanf(file, "%ld", &number) != 1)
			number = -1; /* It runs. */
		if (file)
			fclose(file);
	}
}

static void *read_for_ever(void *unused)
{
	char byte;

	(void)unused;
	reader_tid = (int)syscall(SYS_gettid);
	recv(idle.server, &byte, 1, 0);
	return NULL;
}

static void cancel(void)
{
	pthread_t thread;
	void *result;

	pthread_create(&thread, NULL, read_for_ever, NULL);
	while (reader_tid == 0)
		sched_yield();
	wait_until_in_recv(reader_tid);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("%s\n", result == PTHREAD_CANCELED ? "cancelled" : "returned");
}

static void *interrupt_main(void *main_thread)
{
	wait_until_in_recv((int)getpid());
	pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
	return NULL;
}

/* recv() in the main thread, and a signal while it blocks. */
static ssize_t interrupted_recv(void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	pthread_t self = pthread_self();
	pthread_t thread;
	char byte;
	ssize_t got;
	int error;

	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&thread, NULL, interrupt_main, &self);
	if (sigsetjmp(out, 1) == 0) {
		got = recv(idle.server, &byte, 1, 0);
		error = errno;
	} else {
		got = -2;
		error = 0;
	}
	pthread_join(thread, NULL);
	printf("recv = %zd %s\n", got, got == -1 ? strerrorname_np(error) : "");
	return got;
}

static void leave(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static void notice(int sig)
{
	(void)sig;
}

/* Calls of every kind, on another connection, and at last the byte that the reader waits for. */
static void work(int sig)
{
	int error = errno;

	(void)sig;
	if (exchange(other)) {
		close_pair(other);
		other = open_pair();
		send(idle.client, "y", 1, MSG_NOSIGNAL);
	}
	errno = error;
}

static void exchange_in_handler(int sig)
{
	int error = errno;

	(void)sig;
	exchange(other);
	errno = error;
}

static void *strike(void *main_thread)
{
	for (int i = 0; i < 300 && !stop; i++) {
		pthread_kill(*(pthread_t *)main_thread, SIGUSR1);
		sched_yield();
	}
	return NULL;
}

/* Handlers that make calls, at whatever place the main thread is in its own. */
static void storm(void)
{
	struct sigaction action = {.sa_handler = exchange_in_handler, .sa_flags = SA_RESTART};
	pthread_t self = pthread_self();
	pthread_t thread;
	int good = 0;

	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&thread, NULL, strike, &self);
	for (int i = 0; i < 500; i++) {
		struct pair mine = open_pair();

		good += exchange(mine);
		close_pair(mine);
	}
	stop = true;
	pthread_join(thread, NULL);
	printf("exchanged %d\n", good);
}

static void *exchange_until_stopped(void *unused)
{
	struct pair mine = open_pair();

	(void)unused;
	while (!stop)
		exchange(mine);
	close_pair(mine);
	return NULL;
}

/* Children that are born while other threads are inside the shim. */
static void forks(void)
{
	pthread_t threads[4];
	int good = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, exchange_until_stopped, NULL);
	for (int i = 0; i < 100; i++) {
		int status = 1;
		pid_t pid = fork();

		if (pid == 0) {
			struct pair mine = open_pair();

			_exit(exchange(mine) ? 0 : 1);
		}
		waitpid(pid, &status, 0);
		good += status == 0;
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("forked %d\n", good);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	idle = open_pair();
	other = open_pair();
	if (strcmp(name, "cancel") == 0)
		cancel();
	else if (strcmp(name, "longjmp") == 0)
		interrupted_recv(leave, 0);
	else if (strcmp(name, "eintr") == 0)
		interrupted_recv(notice, 0);
	else if (strcmp(name, "handler") == 0)
		interrupted_recv(work, SA_RESTART);
	else if (strcmp(name, "storm") == 0)
		storm();
	else if (strcmp(name, "forks") == 0)
		forks();
	else
		return 2;
	if (!exchange(idle) || !exchange(other))
		return 1;
	close_pair(idle);
	close_pair(other);
	printf("done\n");
	return 0;
}
