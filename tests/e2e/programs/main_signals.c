/*
 * main_signals: signals that are sent to the process while its main thread sleeps and two others talk over TCP.
 * The kernel gives them to the main thread; prints how many of them other threads got.
 */
#include "hazard/net.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define SIGNALS 400

static atomic_int taken_by_main;
static atomic_int taken_by_others;
static atomic_bool stop;
static sem_t never;

static void take(int sig)
{
	(void)sig;
	if (syscall(SYS_gettid) == getpid())
		taken_by_main++;
	else
		taken_by_others++;
}

static void *talk(void *unused)
{
	struct pair pair = open_pair();

	(void)unused;
	while (!stop) {
		if (!exchange(pair))
			give_up("exchange");
		close_pair(pair);
		pair = open_pair();
	}
	close_pair(pair);
	return NULL;
}

/* In a process of its own: a signal each 2 ms. */
static void send_signals(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	for (int i = 0; i < SIGNALS; i++) {
		nanosleep(&pause, NULL);
		kill(pid, SIGUSR1);
	}
	_exit(0);
}

int main(void)
{
	struct sigaction action = {.sa_handler = take};
	pthread_t threads[2];
	pid_t parent = getpid(), sender;

	sem_init(&never, 0, 0);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, talk, NULL);
	sender = fork();
	if (sender == 0)
		send_signals(parent);
	while (waitpid(sender, NULL, WNOHANG) == 0) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		sem_timedwait(&never, &until);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	/* Some are others' by the kernel's choice: while the main thread is on its way into the call. */
	printf("%s\n", taken_by_others * 20 <= SIGNALS ? "taken by main" : "taken by others");
	return 0;
}
