/*
 * Words of script.c about the process: its ends, children, signals, rights and descriptors.
 */
#ifndef PROGRAMS_SCRIPT_PROCESS_H
#define PROGRAMS_SCRIPT_PROCESS_H

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "script.h"

static inline long word_exit(const struct statement *s)
{
	if (script_says(s, 0, "_exit"))
		_exit(script_number(s, 1));
	if (script_says(s, 0, "quick_exit"))
		quick_exit(script_number(s, 1));
	if (script_says(s, 0, "_Exit"))
		_Exit(script_number(s, 1));
	exit(script_number(s, 1));
}

static inline int signal_number(const char *name)
{
	for (int sig = 1; sig < NSIG; sig++) {
		const char *abbreviation = sigabbrev_np(sig);

		if (abbreviation && strcmp(abbreviation, name) == 0)
			return sig;
	}
	return 0;
}

static inline void say_handled(int sig)
{
	(void)sig;
	if (write(STDOUT_FILENO, "handled\n", 8) < 0)
		abort();
}

/* handle|ignore|default SIGNAL */
static inline long word_signal(const struct statement *s)
{
	struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_RESTART};

	if (script_says(s, 0, "handle"))
		action.sa_handler = say_handled;
	if (script_says(s, 0, "ignore"))
		action.sa_handler = SIG_IGN;
	return sigaction(signal_number(script_arg(s, 1)), &action, NULL);
}

/* disposition SIGNAL */
static inline long word_disposition(const struct statement *s)
{
	struct sigaction old;
	long ret = sigaction(signal_number(script_arg(s, 1)), NULL, &old);

	snprintf(script.extra, sizeof(script.extra), "%s",
		 old.sa_handler == SIG_DFL   ? "SIG_DFL"
		 : old.sa_handler == SIG_IGN ? "SIG_IGN"
					     : "handler");
	return ret;
}

/* Sets a handler with signal() and puts back what it returned: what it was must come out. */
static inline long word_signal_twice(const struct statement *s)
{
	int sig = signal_number(script_arg(s, 1));
	sighandler_t first = signal(sig, say_handled);
	sighandler_t second = signal(sig, first);

	snprintf(script.extra, sizeof(script.extra), "%s then %s", first == SIG_DFL ? "SIG_DFL" : "other",
		 second == say_handled ? "own" : "other");
	return 0;
}

static inline long word_raise(const struct statement *s)
{
	return raise(signal_number(script_arg(s, 1)));
}

/* vfork_close FD: the child shares our memory until it is gone. */
static inline long word_vfork_close(const struct statement *s)
{
	int fd = script_number(s, 1);
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* spawn FD: posix_spawn() of true(1) with FD closed in it. */
static inline long word_spawn(const struct statement *s)
{
	posix_spawn_file_actions_t actions;
	char name[] = "true";
	char *argv[] = {name, NULL};
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, script_number(s, 1));
	if (posix_spawnp(&pid, name, &actions, NULL, argv, environ) == 0)
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

/* spawn_with_all PATH: posix_spawn() of a program that gets every descriptor that is not close-on-exec. */
static inline long word_spawn_with_all(const struct statement *s)
{
	char *argv[] = {s->word[1], NULL};
	int status = -1;
	pid_t pid;

	if (posix_spawn(&pid, s->word[1], NULL, NULL, argv, environ) == 0)
		waitpid(pid, &status, 0);
	return status;
}

/* exec [ARGUMENT...]: this program anew; it goes on with the next line. */
static inline long word_exec(const struct statement *s)
{
	char *argv[SCRIPT_WORDS_MAX + 1] = {0};

	for (int i = 0; i < s->count; i++)
		argv[i] = s->word[i];
	return execv("/proc/self/exe", argv);
}

static inline long word_pid(const struct statement *s)
{
	(void)s;
	return getpid();
}

/* raw_close FD: libc's own close(), which nobody who is preloaded can see. */
static inline long word_raw_close(const struct statement *s)
{
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	int (*libc_close)(int) = libc ? (int (*)(int))dlsym(libc, "close") : NULL;

	return libc_close ? libc_close(script_number(s, 1)) : -1;
}

static inline long word_daemon(const struct statement *s)
{
	return daemon(script_number(s, 1), script_number(s, 2));
}

/* become UID: no group but its own, no way back. */
static inline long word_become(const struct statement *s)
{
	uid_t uid = (uid_t)script_number(s, 1);

	if (setgroups(0, NULL) != 0 || setgid(uid) != 0)
		return -1;
	return setuid(uid);
}

static inline long word_chroot(const struct statement *s)
{
	return chroot(script_arg(s, 1)) || chdir("/");
}

/* close_all FIRST LAST: one by one, whatever they are. */
static inline long word_close_all(const struct statement *s)
{
	for (int fd = script_number(s, 1); fd <= script_number(s, 2); fd++)
		close(fd);
	return 0;
}

/* limit_descriptors N: RLIMIT_NOFILE. */
static inline long word_limit_descriptors(const struct statement *s)
{
	const struct rlimit limit = {(rlim_t)script_number(s, 1), (rlim_t)script_number(s, 1)};

	return setrlimit(RLIMIT_NOFILE, &limit);
}

/* dup2_over FD: over every descriptor of this process above 2 that is not FD. */
static inline long word_dup2_over(const struct statement *s)
{
	int fd = script_number(s, 1);
	DIR *list = opendir("/proc/self/fd");
	struct dirent *entry;
	int failed = 0;

	while (list && (entry = readdir(list))) {
		int other = atoi(entry->d_name);

		if (other > 2 && other != fd && other != dirfd(list))
			failed += dup2(fd, other) != other;
	}
	if (list)
		closedir(list);
	return failed;
}

/* How many descriptors (open) or threads (tasks) this process has. */
static inline long word_count(const struct statement *s)
{
	DIR *list = opendir(script_says(s, 0, "tasks") ? "/proc/self/task" : "/proc/self/fd");
	struct dirent *entry;
	long count = 0;

	while (list && (entry = readdir(list)))
		count += entry->d_name[0] != '.';
	if (list)
		closedir(list);
	return count;
}

static inline int send_descriptor(int through, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec byte = {"x", 1};
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	*header =
		(struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(through, &message, 0) == 1 ? 0 : -1;
}

static inline int receive_descriptor(int through)
{
	char control[CMSG_SPACE(sizeof(int))];
	char data;
	struct iovec byte = {&data, 1};
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	int fd = -1;

	if (recvmsg(through, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* adopt LISTENER: a child connects to it and hands us the connection with SCM_RIGHTS. */
static inline long word_adopt(const struct statement *s)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int ends[2];
	int fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return -1;
	getsockname(script_number(s, 1), (struct sockaddr *)&addr, &len);
	pid = fork();
	if (pid == 0) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		_exit(connect(fd, (struct sockaddr *)&addr, len) == 0 && send_descriptor(ends[0], fd) == 0 ? 0 : 1);
	}
	fd = receive_descriptor(ends[1]);
	waitpid(pid, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	return fd;
}

static inline const struct script_word *script_process_words(void)
{
	static const struct script_word words[] = {
		{"exit", word_exit},
		{"_exit", word_exit},
		{"_Exit", word_exit},
		{"quick_exit", word_exit},
		{"handle", word_signal},
		{"ignore", word_signal},
		{"default", word_signal},
		{"disposition", word_disposition},
		{"signal_twice", word_signal_twice},
		{"raise", word_raise},
		{"vfork_close", word_vfork_close},
		{"spawn", word_spawn},
		{"spawn_with_all", word_spawn_with_all},
		{"exec", word_exec},
		{"pid", word_pid},
		{"raw_close", word_raw_close},
		{"daemon", word_daemon},
		{"become", word_become},
		{"chroot", word_chroot},
		{"close_all", word_close_all},
		{"limit_descriptors", word_limit_descriptors},
		{"dup2_over", word_dup2_over},
		{"tasks", word_count},
		{"open_descriptors", word_count},
		{"adopt", word_adopt},
		{NULL, NULL},
	};

	return words;
}

#endif
