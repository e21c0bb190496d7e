/*
 * coroutine BYTES: a connection's life and some mistakes on a stack of so many bytes, with a page behind it
 * that nobody may touch; with 0 in a thread with the smallest stack that there is.
 */
#include "net.h"

#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PATTERN 0x5a

static ucontext_t main_context, coroutine;
static int results[9];

static void live(void)
{
	struct sockaddr_in addr;
	int listener = open_listener(1, &addr), other = socket(AF_INET, SOCK_STREAM, 0);
	struct pair pair = open_pair();

	results[0] = exchange(pair);
	results[1] = close(pair.client);
	results[2] = close(pair.client);
	results[3] = (int)send(pair.client, "x", 1, MSG_NOSIGNAL);
	results[4] = shutdown(pair.server, SHUT_RDWR);
	results[5] = close(pair.server);
	results[6] = bind(other, (struct sockaddr *)&addr, sizeof(addr));
	results[7] = close(listener);
	results[8] = connect(other, (struct sockaddr *)&addr, sizeof(addr)) | close(other);
}

static void say_results(void)
{
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		printf("%d\n", results[i]);
}

static void *live_in_thread(void *unused)
{
	live();
	return unused;
}

static int run_in_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN) != 0 ||
	    pthread_create(&thread, &attr, live_in_thread, NULL) != 0)
		give_up("thread");
	pthread_join(thread, NULL);
	say_results();
	return 0;
}

static void run_in_coroutine(char *room, size_t size)
{
	volatile size_t untouched = 0;

	memset(room, PATTERN, size);
	if (getcontext(&coroutine) != 0)
		give_up("getcontext");
	coroutine.uc_stack.ss_sp = room;
	coroutine.uc_stack.ss_size = size;
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, live, 0);
	if (swapcontext(&main_context, &coroutine) != 0)
		give_up("swapcontext");
	say_results();
	while (untouched < size && room[untouched] == PATTERN)
		untouched++;
	fprintf(stderr, "stack used %zu\n", size - untouched);
}

int main(int argc, char **argv)
{
	size_t page = 4096, size = (size_t)(argc > 1 ? atoi(argv[1]) : 32768);
	char *room;

	if (size == 0)
		return run_in_thread();
	room = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (room == MAP_FAILED || mprotect(room, page, PROT_NONE) != 0)
		give_up("stack");
	run_in_coroutine(room + page, size);
	return 0;
}
