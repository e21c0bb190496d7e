/*
 * loader_lock: forks while another thread holds the loader's lock. Its dl_iterate_phdr() takes a lock as libc's
 * does, and a thread that is inside stays there until the fork is done: in the child that lock is held by nobody
 * who could give it back.
 */
#include "net.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#define PATIENCE 2000 /* turns of a millisecond */

typedef int iterate_fn(int (*each)(struct dl_phdr_info *info, size_t size, void *data), void *data);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_t slow; /* the thread that stays inside */
static atomic_bool is_slow, is_inside, is_forked;

static void wait_until(const atomic_bool *what, int turns)
{
	for (int i = 0; i < turns && !*what; i++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

int dl_iterate_phdr(int (*each)(struct dl_phdr_info *info, size_t size, void *data), void *data)
{
	iterate_fn *real = (iterate_fn *)dlsym(RTLD_NEXT, "dl_iterate_phdr");
	int rc;

	pthread_mutex_lock(&lock);
	if (is_slow && pthread_equal(pthread_self(), slow)) {
		is_inside = true;
		wait_until(&is_forked, PATIENCE);
	}
	rc = real(each, data);
	pthread_mutex_unlock(&lock);
	return rc;
}

/* What the shim finds, and wants names for: a close() too many, of a number at which no loop begins. */
static int close_twice(void)
{
	int fds[3];

	for (int i = 0; i < 3; i++)
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	return close(fds[2]);
}

static void *find_slowly(void *unused)
{
	slow = pthread_self();
	is_slow = true;
	close_twice();
	is_inside = true;
	return unused;
}

int main(void)
{
	pthread_t thread;
	int status = -1;
	pid_t child;

	pthread_create(&thread, NULL, find_slowly, NULL);
	wait_until(&is_inside, PATIENCE);
	child = fork();
	if (child == 0)
		_exit(close_twice() == -1 ? 0 : 1);
	is_forked = true;
	if (child < 0 || waitpid(child, &status, 0) != child)
		give_up("fork");
	pthread_join(thread, NULL);
	printf("child %d\n", status);
	return 0;
}
