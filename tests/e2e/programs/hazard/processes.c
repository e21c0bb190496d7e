/*
 * processes CASE: children by every means that there is, while other threads are inside
 * calls, and what they do to the descriptors that they have from their parent.
 */
#include "net.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define FORKS	1000
#define THREADS 4

static struct pair pair;
static atomic_bool stop;
static pthread_t threads[THREADS + 1];

static void *live(void *unused)
{
	(void)unused;
	live_until(&stop);
	return NULL;
}

static void *allocate(void *unused)
{
	(void)unused;
	while (!stop)
		free(realloc(malloc(3000), 90000));
	return NULL;
}

static void start_threads(void *(*body)(void *), int count)
{
	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, body, NULL);
}

static void join_threads(int count)
{
	stop = true;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static int wait_for(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		give_up("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* A child's life: its own connection, and a close of what it has inherited. */
static void live_as_child(void)
{
	struct pair mine = open_pair();

	_exit(exchange(mine) && close_pair(mine) && close(pair.client) == 0 && close(pair.server) == 0 ? 0 : 1);
}

static void *fork_from_thread(void *good)
{
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			live_as_child();
		*(int *)good += wait_for(pid) == 0;
	}
	return NULL;
}

static void forks(void)
{
	pthread_t thread;
	int good = 0;

	pair = open_pair();
	start_threads(live, THREADS);
	pthread_create(&thread, NULL, fork_from_thread, &good);
	pthread_join(thread, NULL);
	join_threads(THREADS);
	printf("good %d\n", good);
	say_end(pair);
}

/* Only what is async-signal-safe, which is what such a child may do (fork(2), signal-safety(7)). */
static void safe_life_as_child(void)
{
	struct pair mine = open_pair();
	bool exchanged = exchange(mine);

	_exit(exchanged && close_pair(mine) ? 0 : 1);
}

/* Children that no handler of fork() hears of, out of a process whose threads are inside malloc(). */
static void bare_forks(void)
{
	int good = 0;

	mallopt(M_ARENA_MAX, 1);
	pair = open_pair();
	start_threads(allocate, THREADS);
	for (int i = 0; i < 200; i++) {
		pid_t pid = i % 2 ? _Fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (pid == 0)
			safe_life_as_child();
		good += wait_for(pid) == 0;
	}
	join_threads(THREADS);
	printf("good %d\n", good);
	say_end(pair);
}

/* What the child of a vfork() does to its descriptors before it executes. */
static void vforks(void)
{
	int status;
	pid_t pid;

	pair = open_pair();
	pid = vfork();
	if (pid == 0) {
		int copy = dup(pair.server);

		dup2(pair.client, 0);
		dup2(copy, 1);
		fcntl(pair.client, F_DUPFD, 20);
		fcntl(pair.server, F_SETFD, 0);
		close(copy);
		close(pair.client);
		close(pair.server);
		close_range(3, ~0u, 0);
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	status = wait_for(pid);
	printf("status %d\n", status);
	say_end(pair);
}

/* The parent closes while its child, a vfork's, has come and gone: the close is the last one. */
static void vfork_dup(void)
{
	pid_t pid;
	int status, fd;

	pair = open_pair();
	pid = vfork();
	if (pid == 0) {
		fd = dup(pair.client);
		fd = fcntl(pair.client, F_DUPFD, 20);
		_exit(fd < 0);
	}
	status = wait_for(pid);
	fd = open("/dev/null", O_RDONLY);
	printf("status %d fd %d close = %d\n", status, fd, close(fd));
	say_end(pair);
}

/* The first call that this thread makes on a socket is one of its child, in its memory. */
static void *vfork_first(void *status)
{
	pid_t pid = vfork();

	if (pid == 0) {
		char byte;

		_exit(recv(pair.server, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN ? 0 : 1);
	}
	*(int *)status = wait_for(pid);
	say_end(pair);
	return NULL;
}

static void vfork_thread(void)
{
	pthread_t thread;
	int status = -1;

	pair = open_pair();
	if (pthread_create(&thread, NULL, vfork_first, &status) != 0)
		give_up("pthread_create");
	pthread_join(thread, NULL);
	printf("status %d\n", status);
}

static void spawn(void)
{
	static char name[] = "true";
	static char *const argv[] = {name, NULL};
	posix_spawn_file_actions_t actions;
	int rc, status;
	pid_t pid;

	pair = open_pair();
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pair.client, 0);
	posix_spawn_file_actions_addclose(&actions, pair.server);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	rc = posix_spawn(&pid, "/bin/true", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	status = wait_for(pid);
	printf("posix_spawn = %d status %d\n", rc, status);
	rc = posix_spawn(&pid, "/no such program", NULL, NULL, argv, environ);
	printf("posix_spawn: %s\n", strerrorname_np(rc));
	say_end(pair);
}

/* The program becomes itself again and goes on with the connection that it has from before. */
static void exec(void)
{
	char client[16], server[16];

	pair = open_pair();
	fcntl(pair.client, F_SETFD, 0);
	fcntl(pair.server, F_SETFD, 0);
	snprintf(client, sizeof(client), "%d", pair.client);
	snprintf(server, sizeof(server), "%d", pair.server);
	printf("becoming\n");
	fflush(stdout);
	execl("/proc/self/exe", "hazard_processes", "after_exec", client, server, NULL);
	give_up("exec");
}

static atomic_bool is_inside;

static int stay_inside(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)info;
	(void)size;
	(void)unused;
	is_inside = true;
	while (!stop)
		usleep(1000);
	return 1;
}

static void *iterate(void *unused)
{
	dl_iterate_phdr(stay_inside, unused);
	return unused;
}

/* As with exceptions and profilers: the loader's lock is held in the child, by nobody. */
static void fork_beside_iteration(void)
{
	pid_t child;

	pair = open_pair();
	start_threads(iterate, 1);
	while (!is_inside)
		usleep(1000);
	child = fork();
	if (child == 0)
		live_as_child();
	printf("child %d\n", wait_for(child));
	join_threads(1);
	say_end(pair);
}

static void daemons(void)
{
	int ends[2];
	char text[64] = "";

	pair = open_pair();
	if (pipe2(ends, O_CLOEXEC) != 0)
		give_up("pipe");
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		close(0);
		close(1);
		dup2(open("/dev/null", O_RDWR), 2);
		closefrom(ends[1] + 1);
		dprintf(ends[1], "served %d", exchange(pair) && close_pair(pair));
		_exit(0);
	}
	close(ends[1]);
	close(pair.client);
	close(pair.server);
	while (read(ends[0], text + strlen(text), sizeof(text) - 1 - strlen(text)) > 0)
		;
	printf("%s\n", text);
	wait(NULL);
}

static const struct hazard_case cases[] = {
	HAZARD_CASE(forks),	HAZARD_CASE(bare_forks),   HAZARD_CASE(vforks),
	HAZARD_CASE(vfork_dup), HAZARD_CASE(vfork_thread), HAZARD_CASE(spawn),
	HAZARD_CASE(exec),	HAZARD_CASE(daemons),	   HAZARD_CASE(fork_beside_iteration),
};

int main(int argc, char **argv)
{
	if (argc > 3) {
		pair = (struct pair){.client = atoi(argv[2]), .server = atoi(argv[3])};
		say_end(pair);
		return 0;
	}
	return play_case(cases, sizeof(cases) / sizeof(cases[0]), argc > 1 ? argv[1] : "");
}
