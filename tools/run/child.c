/*
 * Start, signals and end of the program; see child.h.
 */
#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli/command.h"
#include "group.h"

#define SHELL "/bin/sh"

/* A fault of the command itself must end it. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

static void catch_signals(struct child *child)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t caught;

	sigfillset(&caught);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&caught, faults[i]);
	sigprocmask(SIG_SETMASK, &caught, &child->mask);
	/* Ignored, it would take the child's exit status with it (waitpid(2)). */
	sigaction(SIGCHLD, &standard, &child->on_chld);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &child->on_pipe);
	child->signal_fd = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * systemd hands sockets to one pid only (sd_listen_fds(3)): to that of the command, which the
 * program would have had without it.
 */
static void take_over_sockets(pid_t command)
{
	const char *text = getenv("LISTEN_PID");
	char own[16];

	if (!text || strtol(text, NULL, 10) != command)
		return;
	snprintf(own, sizeof(own), "%d", (int)getpid());
	setenv("LISTEN_PID", own, 1);
}

static void become(const struct child *child, const struct program *program, char **argv, int report_fd)
{
	int error;

	sigaction(SIGCHLD, &child->on_chld, NULL);
	sigaction(SIGPIPE, &child->on_pipe, NULL);
	sigprocmask(SIG_SETMASK, &child->mask, NULL);
	if (program->by_shell) {
		size_t count = 0;
		char **args;

		while (argv[count])
			count++;
		args = calloc(count + 2, sizeof(*args));
		if (args) {
			args[0] = (char *)SHELL;
			args[1] = program->path;
			for (size_t i = 1; i < count; i++)
				args[i + 1] = argv[i];
			execve(SHELL, args, environ);
		}
	} else {
		execve(program->path, argv, environ);
	}
	error = errno;
	if (write(report_fd, &error, sizeof(error)) == -1)
		_exit(STATUS_CANNOT);
	_exit(STATUS_CANNOT);
}

/*
 * What the command was started with is the program's alone from now on: who reads a pipe sees its
 * end when the program closes it. The command's own descriptors are close-on-exec, inherited ones
 * cannot be. Stderr stays, for the log.
 */
static void drop_inherited(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	while (directory && (entry = readdir(directory)) != NULL) {
		int fd = (int)strtol(entry->d_name, NULL, 10);

		if (fd > STDERR_FILENO && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
			close(fd);
	}
	if (directory)
		closedir(directory);
}

int child_start(struct child *child, const struct program *program, char **argv)
{
	pid_t command = getpid();
	int report[2];
	int error = 0;

	*child = (struct child){.pid = -1};
	if (pipe2(report, O_CLOEXEC) == -1) {
		perror("tcpwaitspy: pipe");
		return STATUS_CANNOT;
	}
	catch_signals(child);
	group_begin();
	child->pid = fork();
	if (child->pid == 0) {
		take_over_sockets(command);
		become(child, program, argv, report[1]);
	}
	close(report[1]);
	if (child->pid == -1)
		error = errno;
	else if (read(report[0], &error, sizeof(error)) <= 0)
		error = 0;
	close(report[0]);
	if (error) {
		fprintf(stderr, "tcpwaitspy: %s: %s\n", program->path, strerror(error));
		if (child->pid > 0)
			waitpid(child->pid, NULL, 0);
		group_end();
		return error == ENOENT ? STATUS_MISSING : STATUS_CANNOT;
	}
	drop_inherited();
	return STATUS_GOOD;
}

static void raise_with_default_action(int sig)
{
	sigset_t one;
	struct sigaction old;

	sigaction(sig, &(struct sigaction){.sa_handler = SIG_DFL}, &old);
	sigemptyset(&one);
	sigaddset(&one, sig);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(sig);
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigaction(sig, &old, NULL);
}

/*
 * Ctrl-Z stopped the child, which the shell cannot see: it waits for the command. A SIGSTOP to the
 * child alone is somebody else's, who will continue the child and not us.
 */
static void stop_alike(int sig)
{
	sigset_t one;

	if (sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
		return;
	/* The group's signal waits here, too; with that and our own we would stop twice. */
	sigemptyset(&one);
	sigaddset(&one, sig);
	while (sigtimedwait(&one, NULL, &(struct timespec){0}) == sig)
		;
	raise_with_default_action(sig);
}

static void take_changes(struct child *child)
{
	int status;

	while (!child->ended && waitpid(child->pid, &status, WNOHANG | WUNTRACED) > 0) {
		if (WIFSTOPPED(status)) {
			stop_alike(WSTOPSIG(status));
			continue;
		}
		child->ended = true;
		child->status = status;
	}
}

static bool ends_programs(unsigned int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT;
}

/*
 * What the terminal sends goes to the whole foreground group, and so to the child without us; the
 * same for kill() of the group. Only a signal to the command alone is passed on.
 */
static void pass_on(struct child *child, const struct signalfd_siginfo *info)
{
	int sig = (int)info->ssi_signo;

	if (info->ssi_code > 0 || info->ssi_pid == (uint32_t)getpid() || group_got(sig))
		return;
	if (info->ssi_code == SI_QUEUE)
		sigqueue(child->pid, sig, (union sigval){.sival_ptr = (void *)(uintptr_t)info->ssi_ptr});
	else
		kill(child->pid, sig);
}

void child_signals(struct child *child)
{
	struct signalfd_siginfo info;

	while (read(child->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		/* Before the child's stop is taken, which may last: SIGCONT takes away what shows a group's signal. */
		if (info.ssi_signo != SIGCHLD && !child->ended)
			pass_on(child, &info);
		else if (child->ended && ends_programs(info.ssi_signo))
			child->told_to_end = true;
		take_changes(child);
	}
	take_changes(child);
}

int child_end_alike(const struct child *child)
{
	int sig;

	group_end();
	if (WIFEXITED(child->status))
		return WEXITSTATUS(child->status);
	sig = WTERMSIG(child->status);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	raise_with_default_action(sig);
	return 128 + sig;
}
