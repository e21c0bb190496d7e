/*
 * malloc CASE: a program with an allocator of its own, whose lock knows no recursion, makes
 * its first socket while that lock is held: in a handler that has interrupted malloc(), or in the
 * child of a fork() in another thread. socket() allocates nothing, so that both may do it
 * (signal-safety(7)).
 */
#include "net.h"

#include <dirent.h>
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

static void handle_with(int flags)
{
	struct sigaction action = {.sa_handler = make_socket, .sa_flags = flags};

	sigaction(SIGUSR1, &action, NULL);
	want_signal = true;
	kept = malloc(1);
	printf("close = %d\n", result);
}

static void handler(void)
{
	handle_with(0);
}

/* The mask does not tell that this is a handler. */
static void handler_that_may_nest(void)
{
	handle_with(SA_NODEFER);
}

static bool has_watcher(void)
{
	DIR *list = opendir("/proc/self/task");
	struct dirent *entry;
	bool found = false;

	while ((entry = readdir(list))) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		file = fopen(path, "re");
		if (file && fgets(name, sizeof(name), file))
			found |= strcmp(name, "tcpwaitspy\n") == 0;
		if (file)
			fclose(file);
	}
	closedir(list);
	return found;
}

static void wait_for_watcher(void)
{
	while (getenv("TCPWAITSPY_OPTIONS") && !has_watcher())
		sched_yield();
}

/* Under the shim, the watcher has to come with the first connection that is made as others are. */
static void after_a_handler(void)
{
	struct pair pair;

	handle_with(0);
	pair = open_pair();
	wait_for_watcher();
	say_end(pair);
}

/* The same for a program that keeps its signals blocked but for the time that it waits. */
static void signals_that_stay_blocked(void)
{
	struct pair pair;
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	signal(SIGUSR1, make_socket);
	pair = open_pair();
	wait_for_watcher();
	say_end(pair);
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
	HAZARD_CASE(handler),		HAZARD_CASE(handler_that_may_nest),
	HAZARD_CASE(after_a_handler),	HAZARD_CASE(signals_that_stay_blocked),
	HAZARD_CASE(child_of_a_thread),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
