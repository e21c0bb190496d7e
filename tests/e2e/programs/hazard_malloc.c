/*
 * hazard_malloc CASE: a program with an allocator of its own, whose lock knows no recursion, makes
 * its first socket while that lock is held: in a handler that has interrupted malloc(), or in the
 * child of a fork() in another thread. socket() allocates nothing, so that both may do it
 * (signal-safety(7)).
 */
#include "hazard_net.h"

#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <sys/wait.h>

static alignas(16) char arena[64 << 20];
static size_t used;
static atomic_flag lock = ATOMIC_FLAG_INIT;
static atomic_bool want_signal, want_hold, held;
static int result = -2;
static void *volatile kept; /* what nobody looks at, the compiler does not allocate */

void *malloc(size_t size)
{
	char *memory;

	while (atomic_flag_test_and_set(&lock))
		sched_yield();
	if (atomic_exchange(&want_signal, false))
		raise(SIGUSR1);
	if (atomic_exchange(&want_hold, false)) {
		held = true;
		while (held)
			sched_yield();
	}
	memory = arena + used;
	used += (size + 31) & ~(size_t)15;
	atomic_flag_clear(&lock);
	*(size_t *)(void *)memory = size;
	return memory + 16;
}

void free(void *memory)
{
	(void)memory;
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size);
}

void *realloc(void *memory, size_t size)
{
	void *larger = malloc(size);

	if (memory) {
		size_t old = *(size_t *)(void *)((char *)memory - 16);

		memcpy(larger, memory, old < size ? old : size);
	}
	return larger;
}

static void make_socket(int sig)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)sig;
	result = close(fd);
}

static void handler(void)
{
	signal(SIGUSR1, make_socket);
	want_signal = true;
	kept = malloc(1);
	printf("close = %d\n", result);
}

static void *hold(void *unused)
{
	(void)unused;
	want_hold = true;
	kept = malloc(1);
	return NULL;
}

static void child_of_a_thread(void)
{
	pthread_t thread;
	int status = -1;
	pid_t pid;

	make_socket(0);
	pthread_create(&thread, NULL, hold, NULL);
	while (!held)
		sched_yield();
	pid = _Fork();
	if (pid == 0) {
		make_socket(0);
		_exit(result);
	}
	waitpid(pid, &status, 0);
	held = false;
	pthread_join(thread, NULL);
	printf("status %d\n", status);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(handler),
	HAZARD_CASE(child_of_a_thread),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
