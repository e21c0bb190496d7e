/*
 * jumps CASE: handlers that leave calls by siglongjmp, in the middle of one call or anywhere.
 */
#include "strike.h"

#include <poll.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS 10000

static volatile sig_atomic_t in_reach; /* siglongjmp() may come */

/* recv(), accept() and connect(), each left by siglongjmp; then the socket does its work after all. */
static void jump_recv(void)
{
	struct strike strike;
	pthread_t thread;
	char byte;

	pair = open_pair();
	thread = strike_in(&strike, SYS_recvfrom, leave, 0);
	if (sigsetjmp(out, 1) == 0)
		printf("recv = %zd\n", recv(pair.server, &byte, 1, 0));
	pthread_join(thread, NULL);
	say_end(pair);
}

static void jump_accept(void)
{
	struct sockaddr_in addr;
	int listener = open_listener(1, &addr);
	struct strike strike;
	pthread_t thread = strike_in(&strike, SYS_accept, leave, 0);

	if (sigsetjmp(out, 1) == 0)
		printf("accept = %d\n", accept(listener, NULL, NULL));
	pthread_join(thread, NULL);
	pair.client = socket(AF_INET, SOCK_STREAM, 0);
	printf("connect = %d\n", connect(pair.client, (struct sockaddr *)&addr, sizeof(addr)));
	pair.server = accept(listener, NULL, NULL);
	say_end(pair);
	printf("close = %d\n", close(listener));
}

/* The listener's queue is full, so that connect() waits in SYN_SENT until there is room. */
static void jump_connect(void)
{
	struct sockaddr_in addr;
	int listener = open_listener(0, &addr), error = -1;
	struct pair first = {.client = socket(AF_INET, SOCK_STREAM, 0)};
	socklen_t len = sizeof(error);
	struct pollfd ready;
	struct strike strike;
	pthread_t thread;

	if (connect(first.client, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		give_up("connect");
	pair.client = socket(AF_INET, SOCK_STREAM, 0);
	thread = strike_in(&strike, SYS_connect, leave, 0);
	if (sigsetjmp(out, 1) == 0)
		printf("connect = %d\n", connect(pair.client, (struct sockaddr *)&addr, sizeof(addr)));
	pthread_join(thread, NULL);
	first.server = accept(listener, NULL, NULL);
	ready = (struct pollfd){.fd = pair.client, .events = POLLOUT};
	printf("poll = %d\n", poll(&ready, 1, 20000));
	getsockopt(pair.client, SOL_SOCKET, SO_ERROR, &error, &len);
	pair.server = accept(listener, NULL, NULL);
	printf("error %d\n", error);
	say_end(first);
	say_end(pair);
	printf("close = %d\n", close(listener));
}

static void jump_if_in_reach(int sig)
{
	(void)sig;
	if (in_reach) {
		in_reach = 0;
		siglongjmp(out, 1);
	}
}

/*
 * Out of whatever call the signal finds, ROUNDS times. Nobody knows then what is open, and all of
 * it is closed; what comes after must work.
 */
static void jump_anywhere(void)
{
	static volatile int round, good;

	say_end(open_pair());
	on_signal(SIGALRM, jump_if_in_reach, 0);
	set_timer(150);
	for (round = 0; round < ROUNDS; round++) {
		int ends[2];
		char byte = 0;

		if (sigsetjmp(out, 1) == 0) {
			in_reach = 1;
			/* Each time at another place. */
			for (volatile int i = round * 7919 % 20000; i > 0; i--)
				;
			for (int i = 0; i < 4; i++) {
				int fd = socket(AF_INET, SOCK_STREAM, 0);

				setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
				shutdown(fd, SHUT_RDWR);
				close(fd);
			}
			in_reach = 0;
		}
		if (pipe(ends) != 0)
			give_up("pipe");
		if (ends[0] < 1024 && ends[1] < 1024 && write(ends[1], "p", 1) == 1 && read(ends[0], &byte, 1) == 1 &&
		    byte == 'p')
			good++;
		closefrom(3);
	}
	set_timer(0);
	printf("good %d\n", good);
	say_end(open_pair());
}

/* Left the first socket() of its process, and goes on; 0 where the calls that come then are swift. */
static int live_after_jump(long delay_us)
{
	struct itimerval timer = {.it_value.tv_usec = delay_us};
	struct timespec began, now;

	on_signal(SIGALRM, jump_if_in_reach, 0);
	if (sigsetjmp(out, 1) == 0) {
		in_reach = 1;
		setitimer(ITIMER_REAL, &timer, NULL);
		for (;;)
			close(socket(AF_INET, SOCK_STREAM, 0));
	}
	closefrom(3);
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < 50; i++)
		close(socket(AF_INET, SOCK_STREAM, 0));
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - began.tv_sec > 2;
}

static void jump_out_of_first(void)
{
	int slow = 0;

	for (long delay_us = 20; delay_us <= 800; delay_us += 20) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0)
			_exit(live_after_jump(delay_us));
		waitpid(pid, &status, 0);
		slow += status != 0;
	}
	printf("slow %d\n", slow);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(jump_recv),	    HAZARD_CASE(jump_accept),	    HAZARD_CASE(jump_connect),
	HAZARD_CASE(jump_anywhere), HAZARD_CASE(jump_out_of_first),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
