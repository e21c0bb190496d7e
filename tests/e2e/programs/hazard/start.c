/*
 * start: calls from before the first constructor of any library (.preinit_array), whose
 * connection main() goes on to use.
 *
 * Compiled with -shared -DLIBRARY it is a library to preload: its constructor, which runs before
 * or after the shim's, opens a connection, a fork's handlers use it, its destructor ends it.
 * Compiled with -DTHREAD, too, the constructor waits for a thread that makes the first socket.
 */
#include "net.h"

#include <pthread.h>

static struct pair early;

#ifdef LIBRARY

static void use(void)
{
	if (!exchange(early))
		give_up("exchange in a handler of fork()");
}

static void *open_early(void *unused)
{
	(void)unused;
	early = open_pair();
	return NULL;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;

	if (getenv("HAZARD_THREAD")) {
		pthread_create(&thread, NULL, open_early, NULL);
		pthread_join(thread, NULL);
	} else {
		open_early(NULL);
	}
	if (getenv("HAZARD_ATFORK"))
		pthread_atfork(use, use, NULL);
}

__attribute__((destructor)) static void end(void)
{
	bool exchanged = exchange(early);
	bool closed = close_pair(early);

	/* Not by stdio, which is over. */
	dprintf(1, "library: exchanged %d closed %d\n", exchanged, closed);
}

#else

static void before_all_constructors(int argc, char **argv, char **env)
{
	(void)argc;
	(void)argv;
	(void)env;
	early = open_pair();
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(int, char **,
									      char **) = before_all_constructors;

int main(void)
{
	bool exchanged = exchange(early);
	bool closed = close_pair(early);

	printf("early: %d %d exchanged %d closed %d\n", early.client, early.server, exchanged, closed);
	return 0;
}

#endif
