/*
 * signals CASE: handlers that make calls, wherever they strike; and SIGPIPE.
 */
#include "strike.h"

#include <sys/resource.h>

#define ROUNDS	10000
#define STRIKES 2000

static struct pair other;
static volatile sig_atomic_t strikes;
static volatile sig_atomic_t wrong;

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

static atomic_bool done;

static void nothing(int sig)
{
	(void)sig;
}

static void *strike_often(void *thread)
{
	for (int i = 0; i < STRIKES; i++) {
		pthread_kill(*(const pthread_t *)thread, SIGUSR1);
		usleep(50);
	}
	done = true;
	return NULL;
}

static void *be_struck(void *unused)
{
	const pthread_t self = pthread_self();
	struct rusage usage;
	pthread_t striker;

	pthread_create(&striker, NULL, strike_often, (void *)&self);
	while (!done)
		setsockopt(pair.client, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int));
	getrusage(RUSAGE_THREAD, &usage);
	pthread_join(striker, NULL);
	printf("waited: %s\n", usage.ru_nvcsw > STRIKES / 4 ? "yes" : "no");
	return unused;
}

/* A signal for a thread that is not main, and for no other, comes to it at once. */
static void for_one_thread(void)
{
	pthread_t thread;

	pair = open_pair();
	on_signal(SIGUSR1, nothing, SA_RESTART);
	pthread_create(&thread, NULL, be_struck, NULL);
	pthread_join(thread, NULL);
	say_end(pair);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(close_inside),	HAZARD_CASE(storm),	      HAZARD_CASE(pipes),
	HAZARD_CASE(sigpipe_default),	HAZARD_CASE(sigpipe_ignored), HAZARD_CASE(sigpipe_handled),
	HAZARD_CASE(sigpipe_of_a_pipe), HAZARD_CASE(for_one_thread),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
