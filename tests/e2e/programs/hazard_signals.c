/*
 * hazard_signals CASE: handlers that make calls, that leave calls by siglongjmp, that run on a small
 * stack; and SIGPIPE.
 */
#include "hazard_net.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS 10000

static struct pair pair;
static struct pair other;
static sigjmp_buf out;
static volatile sig_atomic_t in_reach; /* siglongjmp() may come */
static volatile sig_atomic_t strikes;
static volatile sig_atomic_t wrong;

/* One signal for the main thread as soon as it is inside a call. */
struct strike {
	pthread_t target;
	long number;
	int sig;
};

static void *strike_once(void *arg)
{
	const struct strike *strike = arg;

	wait_until_in((int)getpid(), strike->number);
	pthread_kill(strike->target, strike->sig);
	return NULL;
}

static pthread_t strike_in(struct strike *strike, long number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
	pthread_t thread;

	*strike = (struct strike){pthread_self(), number, SIGUSR1};
	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&thread, NULL, strike_once, strike);
	return thread;
}

static void leave(int sig)
{
	(void)sig;
	siglongjmp(out, 1);
}

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

static void close_it(int sig)
{
	int error = errno;

	(void)sig;
	close(pair.server);
	errno = error;
}

static void close_inside(void)
{
	struct strike strike;
	pthread_t thread;
	char byte;
	ssize_t got;

	pair = open_pair();
	other = open_pair();
	thread = strike_in(&strike, SYS_recvfrom, close_it, 0);
	got = recv(pair.server, &byte, 1, 0);
	printf("recv = %zd %s\n", got, error_of(got));
	pthread_join(thread, NULL);
	got = recv(pair.client, &byte, 1, 0);
	printf("recv = %zd %s\n", got, error_of(got));
	printf("close = %d\n", close(pair.client));
	say_end(other);
}

static void set_timer(long period_us)
{
	struct itimerval timer = {.it_interval.tv_usec = period_us, .it_value.tv_usec = period_us};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void on_signal(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(sig, &action, NULL);
}

/* A life of its own in every handler, and a byte on a connection that only handlers use. */
static void live_in_handler(int sig)
{
	int error = errno;
	struct pair mine;

	(void)sig;
	strikes++;
	if (!exchange(other))
		wrong++;
	if (strikes % 8 == 0) {
		mine = open_pair();
		if (!exchange(mine) || !close_pair(mine))
			wrong++;
	}
	errno = error;
}

static void storm(void)
{
	int good = 0;

	pair = open_pair();
	other = open_pair();
	on_signal(SIGALRM, live_in_handler, SA_RESTART);
	set_timer(200);
	for (int i = 0; i < ROUNDS; i++) {
		struct pair mine = pair;

		if (i % 10 == 0)
			mine = open_pair();
		errno = EXDEV;
		good += exchange(mine) && errno == EXDEV;
		if (i % 10 == 0)
			good -= !close_pair(mine);
	}
	set_timer(0);
	printf("good %d wrong %d struck %d\n", good, (int)wrong, strikes > 100);
	say_end(pair);
	say_end(other);
}

static void jump_if_in_reach(int sig)
{
	(void)sig;
	strikes++;
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

static void pipe_in_handler(int sig)
{
	int error = errno, ends[2];
	char byte = 0;

	(void)sig;
	strikes++;
	if (pipe(ends) != 0 || ends[0] > 1023 || ends[1] > 1023 || write(ends[1], "p", 1) != 1 ||
	    read(ends[0], &byte, 1) != 1 || byte != 'p' || close(ends[0]) != 0 || close(ends[1]) != 0)
		wrong++;
	errno = error;
}

/* pipe(2) is async-signal-safe, whatever the signal has interrupted. */
static void pipes(void)
{
	on_signal(SIGALRM, pipe_in_handler, SA_RESTART);
	set_timer(100);
	for (int i = 0; i < 3 * ROUNDS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
		close(fd);
	}
	set_timer(0);
	printf("wrong %d struck %d\n", (int)wrong, strikes > 100);
}

/* A stack as small as the system says that a handler may have, between pages that nobody may touch. */
static void use_small_stack(size_t size)
{
	const size_t page = 4096;
	size_t room = (size + page - 1) / page * page;
	char *memory = mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_size = size};

	if (memory == MAP_FAILED || mprotect(memory + page, room, PROT_READ | PROT_WRITE) != 0)
		give_up("mmap");
	stack.ss_sp = memory + page; /* Its lower end, to which it grows, is at the page. */
	if (sigaltstack(&stack, NULL) != 0)
		give_up("sigaltstack");
}

static void work_on_small_stack(int sig)
{
	int error = errno, fd;
	char byte;

	(void)sig;
	if (recv(pair.server, &byte, 1, MSG_DONTWAIT) != -1 || !exchange(pair) || close(pair.client) != 0 ||
	    recv(pair.server, &byte, 1, 0) != 0 || close(pair.server) != 0)
		wrong++;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || close(fd) != 0 || close(fd) != -1)
		wrong++;
	strikes++;
	errno = error;
}

static void small_stack_of(size_t size)
{
	/* Once on the large stack: the loader's lazy binding wants more than a small one has. */
	pair = open_pair();
	work_on_small_stack(SIGUSR1);
	use_small_stack(size);
	on_signal(SIGUSR1, work_on_small_stack, SA_ONSTACK);
	pair = open_pair();
	raise(SIGUSR1);
	printf("struck %d wrong %d\n", (int)strikes, (int)wrong);
}

static void small_stack(void)
{
	small_stack_of(8192);
}

/* What the signal's frame takes, and 2 KB. */
static void smallest_stack(void)
{
	small_stack_of((size_t)sysconf(_SC_MINSIGSTKSZ) + 2048);
}

/* The signal that ends the program comes while such a stack is set up, for other handlers. */
static void term_with_small_stack(void)
{
	use_small_stack(8192);
	pair = open_pair();
	for (int i = 0; i < 4; i++)
		open_pair();
	printf("raising\n");
	fflush(stdout);
	raise(SIGTERM);
}

static void term_with_smallest_stack(void)
{
	use_small_stack((size_t)sysconf(_SC_MINSIGSTKSZ));
	pair = open_pair();
	printf("raising\n");
	fflush(stdout);
	raise(SIGTERM);
}

/* A connection whose peer has reset it; the next send() gets EPIPE. */
static void break_connection(void)
{
	struct linger reset = {.l_onoff = 1};
	char byte;
	ssize_t got;

	pair = open_pair();
	setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(pair.client);
	got = recv(pair.server, &byte, 1, 0);
	printf("recv = %zd %s\n", got, error_of(got));
	fflush(stdout);
}

static void sigpipe_default(void)
{
	break_connection();
	printf("send = %zd\n", send(pair.server, "x", 1, 0));
}

static void sigpipe_ignored(void)
{
	ssize_t got;

	signal(SIGPIPE, SIG_IGN);
	break_connection();
	got = send(pair.server, "x", 1, 0);
	printf("send = %zd %s\n", got, error_of(got));
	printf("close = %d\n", close(pair.server));
}

static void count_strike(int sig)
{
	(void)sig;
	strikes++;
}

static void sigpipe_handled(void)
{
	ssize_t got;

	on_signal(SIGPIPE, count_strike, 0);
	break_connection();
	got = send(pair.server, "x", 1, 0);
	printf("send = %zd %s struck %d\n", got, error_of(got), (int)strikes);
	printf("close = %d\n", close(pair.server));
}

/* Left a send() by siglongjmp; the SIGPIPE that ends the program comes from a pipe. */
static void sigpipe_of_a_pipe(void)
{
	static const char data[1 << 20];
	struct strike strike;
	pthread_t thread;
	int ends[2];

	pair = open_pair();
	thread = strike_in(&strike, SYS_sendto, leave, 0);
	if (sigsetjmp(out, 1) == 0)
		for (;;)
			send(pair.client, data, sizeof(data), 0);
	pthread_join(thread, NULL);
	if (pipe(ends) != 0)
		give_up("pipe");
	close(ends[0]);
	printf("writing\n");
	fflush(stdout);
	printf("write = %zd\n", write(ends[1], "x", 1));
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(jump_recv),
	HAZARD_CASE(jump_accept),
	HAZARD_CASE(jump_connect),
	HAZARD_CASE(jump_anywhere),
	HAZARD_CASE(jump_out_of_first),
	HAZARD_CASE(close_inside),
	HAZARD_CASE(storm),
	HAZARD_CASE(pipes),
	HAZARD_CASE(small_stack),
	HAZARD_CASE(smallest_stack),
	HAZARD_CASE(term_with_small_stack),
	HAZARD_CASE(term_with_smallest_stack),
	HAZARD_CASE(sigpipe_default),
	HAZARD_CASE(sigpipe_ignored),
	HAZARD_CASE(sigpipe_handled),
	HAZARD_CASE(sigpipe_of_a_pipe),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
