/*
 * confined CASE: processes that lack something: addresses to read from, a pid of their own, the root of the file
 * system, a free descriptor.
 */
#include "net.h"

#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct pair pair;
static char *volatile nothing;

static int wait_for(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		give_up("waitpid");
	return status;
}

/* Addresses that nothing can be read from: exec() fails, and the program goes on. */
static void exec_nowhere(void)
{
	char *volatile nowhere = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *const argv[] = {"true", NULL}, *const envp[] = {nowhere, NULL};

	pair = open_pair();
	fcntl(pair.client, F_SETFD, 0);
	printf("%s\n", error_of(execve(nowhere, argv, environ)));
	printf("%s\n", error_of(execve("/bin/true", argv, (char *const *)(uintptr_t)nowhere)));
	printf("%s\n", error_of(execve("/bin/true", argv, envp)));
	printf("%s\n", error_of(execv(nothing, argv)));
	say_end(pair);
}

/* The peer closes, and this side makes no call until the watcher has seen it. */
static void wait_with_a_closed_peer(void)
{
	pair = open_pair();
	shutdown(pair.client, SHUT_WR);
	usleep(300000);
	_exit(close_pair(pair) ? 0 : 1);
}

static pid_t fork_into_namespace(void)
{
	if (unshare(CLONE_NEWPID) != 0) {
		puts("no namespaces of pids");
		_exit(77);
	}
	return fork();
}

/* A child with its parent's pid: both are the first of a namespace. */
static void nested_namespaces(void)
{
	pid_t child = fork_into_namespace();

	if (child == 0) {
		pair = open_pair();
		child = fork_into_namespace();
		if (child == 0)
			wait_with_a_closed_peer();
		printf("grandchild %d\n", wait_for(child));
		say_end(pair);
		fflush(stdout);
		_exit(0);
	}
	printf("child %d\n", wait_for(child));
}

/* The log's name is out of reach after it. */
static void chroot_by_number(void)
{
	if (mkdir("root", 0700) != 0 || syscall(SYS_chroot, "root") != 0) {
		puts("no chroot");
		_exit(77);
	}
	rmdir("root");
	pair = open_pair();
	say_end(pair);
}

static void child_without_a_free_descriptor(void)
{
	pid_t child;

	pair = open_pair();
	say_end(pair);
	pair = open_pair();
	child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64});
		while (dup(0) >= 0)
			;
		_exit(exchange(pair) ? 0 : 1);
	}
	printf("child %d\n", wait_for(child));
	say_end(pair);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(exec_nowhere),
	HAZARD_CASE(nested_namespaces),
	HAZARD_CASE(chroot_by_number),
	HAZARD_CASE(child_without_a_free_descriptor),
};

int main(int argc, char **argv)
{
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
