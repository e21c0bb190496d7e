/*
 * soak [THREADS STEPS]: threads that do anything to their descriptors, for so many steps, and
 * know at each step what a call has to return. At the end the kernel has the last word.
 */
#include "net.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/wait.h>

#define SLOTS 8

struct worker {
	pthread_t thread;
	uint32_t random;
	int steps;
	bool open[SLOTS];
	struct pair pairs[SLOTS];
};

static uint32_t next(struct worker *worker)
{
	worker->random = worker->random * 1664525u + 1013904223u;
	return worker->random >> 8;
}

static void must(bool good, const char *what)
{
	if (!good)
		give_up(what);
}

static void in_child(struct pair pair)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(exchange(pair) && close(pair.client) == 0 && close(pair.server) == 0 ? 0 : 1);
	must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "child");
}

static void shut(struct pair pair)
{
	char byte;

	must(shutdown(pair.client, SHUT_WR) == 0, "shutdown");
	must(recv(pair.server, &byte, 1, 0) == 0, "end of file");
	must(close(pair.server) == 0 && close(pair.client) == 0, "close");
}

static void step(struct worker *worker)
{
	size_t slot = next(worker) % SLOTS;
	struct pair *pair = &worker->pairs[slot];
	int fd;

	if (!worker->open[slot]) {
		*pair = open_pair();
		worker->open[slot] = true;
		return;
	}
	switch (next(worker) % 16) {
	case 0:
		fd = dup(pair->client);
		must(fd >= 0 && close(pair->client) == 0, "dup");
		pair->client = fd;
		break;
	case 1:
		fd = fcntl(pair->server, F_DUPFD_CLOEXEC, 100);
		must(fd >= 100 && close(pair->server) == 0, "F_DUPFD");
		pair->server = fd;
		break;
	case 2:
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		must(fd >= 0 && dup2(pair->client, fd) == fd && close(pair->client) == 0, "dup2");
		pair->client = fd;
		break;
	case 3:
	case 4:
		shut(*pair);
		worker->open[slot] = false;
		break;
	case 5:
	case 6:
	case 7:
		must(close_pair(*pair), "close");
		worker->open[slot] = false;
		break;
	case 8:
		if (next(worker) % 8 == 0)
			in_child(*pair);
		break;
	default:
		must(exchange(*pair), "exchange");
	}
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (int i = 0; i < worker->steps; i++)
		step(worker);
	return NULL;
}

/* Sockets that the kernel says this process has. */
static int count_sockets(void)
{
	DIR *list = opendir("/proc/self/fd");
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(list))) {
		int type;
		socklen_t len = sizeof(type);

		count += getsockopt(atoi(entry->d_name), SOL_SOCKET, SO_DOMAIN, &type, &len) == 0 && type == AF_INET;
	}
	closedir(list);
	return count;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 16, known = 0;
	struct worker *workers = calloc((size_t)threads, sizeof(*workers));

	for (int i = 0; i < threads; i++) {
		workers[i] = (struct worker){.random = (uint32_t)i + 1, .steps = argc > 2 ? atoi(argv[2]) : 500};
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (int i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	for (int i = 0; i < threads; i++)
		for (int slot = 0; slot < SLOTS; slot++)
			known += workers[i].open[slot] ? 2 : 0;
	printf("sockets %d of %d\n", count_sockets(), known);
	for (int i = 0; i < threads; i++)
		for (int slot = 0; slot < SLOTS; slot++)
			if (workers[i].open[slot] && slot % 2)
				must(close_pair(workers[i].pairs[slot]), "close");
	printf("sockets %d\n", count_sockets());
	return 0;
}
