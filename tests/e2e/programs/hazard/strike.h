/*
 * What the programs about signals share: a signal for a thread that is inside a call, handlers and
 * timers. A program has one connection and one place to leave calls for.
 */
#ifndef HAZARD_STRIKE_H
#define HAZARD_STRIKE_H

#include "net.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

static struct pair pair;
static sigjmp_buf out;

/* One signal for the main thread as soon as it is inside a call. */
struct strike {
	pthread_t target;
	long number;
	int sig;
};

static inline void *strike_once(void *arg)
{
	const struct strike *strike = arg;

	wait_until_in((int)getpid(), strike->number);
	pthread_kill(strike->target, strike->sig);
	return NULL;
}

static inline pthread_t strike_in(struct strike *strike, long number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	pthread_t thread;

	*strike = (struct strike){pthread_self(), number, SIGUSR1};
	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&thread, NULL, strike_once, strike);
	return thread;
}

static inline void leave(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

static inline void set_timer(long period_us)
{
	struct itimerval timer = {.it_interval.tv_usec = period_us, .it_value.tv_usec = period_us};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static inline void on_signal(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(sig, &action, NULL);
}

#endif
