/*
 * crowd PROCESSES THREADS ROUNDS: in each process that many threads, each of which opens a
 * connection to a listener of its own, moves 64 bytes over it so many times, and closes it.
 * Prints how many bytes arrived in all; exit status 1 when a call failed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS_MAX 64

static int rounds;

static int move(int from, int to)
{
	char data[64] = {0};
	int moved = 0;

	for (int i = 0; i < rounds; i++) {
		if (send(from, data, sizeof(data), MSG_NOSIGNAL) != sizeof(data))
			break;
		moved += (int)recv(to, data, sizeof(data), MSG_WAITALL);
	}
	return moved;
}

/* Returns the number of bytes that arrived, or less than wanted where a call failed. */
static void *talk(void *unused)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int yes = 1;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int server;
	long moved = 0;
	char end;

	(void)unused;
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, (struct sockaddr *)&addr, len) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&addr, &len) != 0 ||
	    connect(client, (struct sockaddr *)&addr, len) != 0)
		return NULL;
	server = accept(listener, NULL, NULL);
	moved = move(client, server);
	close(client);
	if (recv(server, &end, 1, 0) != 0)
		moved = 0;
	close(server);
	close(listener);
	return (void *)moved;
}

static long run_threads(int count)
{
	pthread_t threads[THREADS_MAX];
	long moved = 0;

	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, talk, NULL);
	for (int i = 0; i < count; i++) {
		void *of_thread;

		pthread_join(threads[i], &of_thread);
		moved += (long)of_thread;
	}
	return moved;
}

int main(int argc, char **argv)
{
	int processes = argc > 3 ? atoi(argv[1]) : 1;
	int threads = argc > 3 ? atoi(argv[2]) : 1;
	int failed = 0;
	int status;

	rounds = argc > 3 ? atoi(argv[3]) : 1;
	if (threads > THREADS_MAX)
		return 2;
	for (int i = 1; i < processes; i++) {
		if (fork() == 0)
			return run_threads(threads) == 64L * threads * rounds ? 0 : 1;
	}
	failed = run_threads(threads) != 64L * threads * rounds;
	while (wait(&status) > 0)
		failed |= status;
	printf("%s\n", failed ? "failed" : "done");
	return failed ? 1 : 0;
}
