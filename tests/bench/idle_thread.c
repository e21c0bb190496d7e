/*
 * A preload object with nothing in it but a thread that sleeps: what any second thread costs a program
 * that had one. The kernel then counts references of descriptors at each call (fdget()), and libc
 * looks for cancellation around those that can block.
 */
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void *sleep_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

__attribute__((constructor)) static void start(void)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_create(&thread, NULL, sleep_for_ever, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
