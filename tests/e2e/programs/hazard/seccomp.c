/*
 * seccomp ACTION: a server that, once it is set up, allows itself what serving takes and no
 * other system call. ACTION is what a call gets that is not allowed: kill, errno or trap. With `probe` it
 * offers the kernel filters that are none, as programs do to learn what the kernel can, and serves without one.
 * `limit` is kill, and files may grow no further, as sshd has it. `threads` allows everything but new processes,
 * `no_wait` everything but waiting for one, `no_ppoll` everything but ppoll(2). The first two go on until the metrics
 * in app.prom, if there are any, have been written a few times, and say whether children are left then, but for one
 * that was there when the filter came. `interrupted` says EINTR to every close(), and one is made twice.
 */
#include "net.h"

#include <errno.h>
#include <glob.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SIZE 2000 /* more than this program prints, and less than a log of it */

static const unsigned int
	allowed[] =
		{
			SYS_read,	SYS_write,  SYS_recvfrom,     SYS_recvmsg,	  SYS_sendto,
			SYS_sendmsg,	SYS_accept, SYS_accept4,      SYS_close,	  SYS_exit,
			SYS_exit_group, SYS_futex,  SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
			SYS_ppoll, /* with `limit` only: writing to the log is then possible */
};

#define ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

static void install(unsigned int action, size_t count)
{
	struct sock_filter filter[ALLOWED * 2 + 2];
	struct sock_fprog program = {.filter = filter};
	size_t n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < count; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	program.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		give_up("seccomp");
}

static void offer(const char *what, const void *filter)
{
	int rc = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter), error = errno;

	printf("%s %d %s\n", what, rc, strerror(error));
	rc = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter);
	printf("%s %d %s\n", what, rc, strerror(errno));
	fflush(stdout);
}

static void probe(void)
{
	struct sock_filter forever[] = {BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff),
					BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_filter outside[] = {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 200, 200),
					BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL)};
	struct sock_filter unknown[] = {BPF_STMT(0xffff, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL)};

	offer("nothing", NULL);
	offer("nowhere", (const void *)1);
	offer("no instructions", &(struct sock_fprog){.len = 4, .filter = (struct sock_filter *)8});
	offer("empty", &(struct sock_fprog){.filter = forever});
	offer("without an end", &(struct sock_fprog){.len = 2, .filter = forever});
	offer("outside", &(struct sock_fprog){.len = 2, .filter = outside});
	offer("unknown", &(struct sock_fprog){.len = 2, .filter = unknown});
}

static void install_one(struct sock_filter *filter, unsigned short len)
{
	struct sock_fprog program = {.len = len, .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		give_up("seccomp");
}

static void forbid_processes(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_VFORK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	install_one(filter, sizeof(filter) / sizeof(filter[0]));
}

static void forbid(unsigned int number, unsigned int action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	install_one(filter, sizeof(filter) / sizeof(filter[0]));
}

static void await_metrics(void)
{
	struct stat before, now;

	for (int times = 0; times < 3 && stat("app.prom", &before) == 0; times++)
		do
			usleep(1000);
		while (stat("app.prom", &now) == 0 && now.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
}

static int count_children(void)
{
	const char *path;
	glob_t found;
	int count = 0, pid;

	if (glob("/proc/self/task/*/children", 0, NULL, &found) != 0)
		give_up("children");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *file;

		path = found.gl_pathv[i];
		file = fopen(path, "re");
		while (file && fscanf(file, "%d", &pid) == 1)
			count++;
		if (file)
			fclose(file);
	}
	globfree(&found);
	return count;
}

/* By write(): stdio would ask for the file's kind at its first line. */
static void say(const char *what, long value)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s %ld\n", what, value);

	if (write(1, line, (size_t)len) != len)
		_exit(98);
}

static int close_twice_interrupted(int fd)
{
	forbid(SYS_close, SECCOMP_RET_ERRNO | EINTR);
	say("close", close(fd));
	say("close", close(fd));
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "kill";
	unsigned int action = SECCOMP_RET_KILL_PROCESS;
	struct sockaddr_in addr;
	int listener = open_listener(5, &addr), waiting = socket(AF_INET, SOCK_STREAM, 0);
	struct pair pair = open_pair();
	char byte;

	if (strcmp(name, "interrupted") == 0)
		return close_twice_interrupted(pair.client);
	if (strcmp(name, "errno") == 0)
		action = SECCOMP_RET_ERRNO | EPERM;
	else if (strcmp(name, "trap") == 0)
		action = SECCOMP_RET_TRAP;
	if (connect(waiting, (struct sockaddr *)&addr, sizeof(addr)) != 0)
		give_up("connect");
	if (strcmp(name, "limit") == 0 && setrlimit(RLIMIT_FSIZE, &(struct rlimit){SIZE, SIZE}) != 0)
		give_up("setrlimit");
	if (strcmp(name, "probe") == 0)
		probe();
	else if (strcmp(name, "threads") == 0)
		forbid_processes();
	else if (strcmp(name, "no_wait") == 0)
		forbid(SYS_wait4, SECCOMP_RET_ERRNO | EPERM);
	else if (strcmp(name, "no_ppoll") == 0)
		forbid(SYS_ppoll, SECCOMP_RET_KILL_PROCESS);
	else
		install(action, strcmp(name, "limit") == 0 ? ALLOWED : ALLOWED - 1);
	say("exchanged", exchange(pair));
	say("close", close(pair.client));
	say("recv", recv(pair.server, &byte, 1, 0));
	say("close", close(pair.server));
	pair = (struct pair){.client = waiting, .server = accept(listener, NULL, NULL)};
	say("exchanged", exchange(pair));
	say("closed", close_pair(pair));
	say("close", close(listener));
	if (strcmp(name, "threads") == 0 || strcmp(name, "no_wait") == 0) {
		await_metrics();
		say("children", count_children() > 1);
	}
	return 0;
}
