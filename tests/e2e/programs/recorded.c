/*
 * recorded FILE THREADS ROUNDS ENDING: in each thread, over a connection of its own, moves a different
 * number of bytes in each round, and counts the calls that have returned in FILE, which is a mapped
 * array of struct recorded: whoever kills this program finds there what had been done.
 *
 * After ROUNDS rounds a thread waits. ENDING says what the first of them does then:
 * "wait" the same, "crash" a SIGSEGV, "exit" _exit(0) for all.
 */
#include "recorded.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct recorded *counts;
static int rounds;
static const char *ending;

static int connect_pair(int *client, int *server)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	*client = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&addr, len) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&addr, &len) != 0 ||
	    connect(*client, (struct sockaddr *)&addr, len) != 0)
		return -1;
	*server = accept(listener, NULL, NULL);
	close(listener);
	return *server < 0 ? -1 : 0;
}

static void done(struct recorded *mine)
{
	__atomic_add_fetch(&mine->calls, 1, __ATOMIC_SEQ_CST);
}

static void end(void)
{
	if (strcmp(ending, "crash") == 0)
		raise(SIGSEGV);
	if (strcmp(ending, "exit") == 0)
		_exit(0);
}

static void *talk(void *which)
{
	struct recorded *mine = &counts[(size_t)(uintptr_t)which];
	char data[RECORDED_LENGTHS];
	int client, server;

	memset(data, 'x', sizeof(data));
	if (connect_pair(&client, &server) != 0)
		exit(1);
	mine->tid = (int)syscall(SYS_gettid);
	for (int i = 0; i < rounds; i++) {
		size_t len = recorded_length((uint64_t)i);

		if (send(client, data, len, 0) != (ssize_t)len)
			exit(1);
		done(mine);
		if (recv(server, data, sizeof(data), 0) != (ssize_t)len)
			exit(1);
		done(mine);
	}
	if (!which)
		end();
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc == 5 ? atoi(argv[2]) : 0;
	int fd = argc == 5 ? open(argv[1], O_RDWR) : -1;

	if (fd < 0)
		return 2;
	counts = mmap(NULL, (size_t)threads * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	rounds = atoi(argv[3]);
	ending = argv[4];
	if (counts == MAP_FAILED)
		return 2;
	for (uintptr_t i = 0; i < (uintptr_t)threads; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, talk, (void *)i) != 0)
			return 2;
	}
	for (;;)
		pause();
}
