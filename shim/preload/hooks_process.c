/*
 * Hooks of the calls by which a process goes on as another, or ends.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "../sink/writer.h"
#include "ending.h"
#include "hooks.h"
#include "real.h"
#include "spy.h"

/* The work is in the handlers of fork.c, which also see the forks inside libc. */
SPY_EXPORT pid_t fork(void)
{
	return REAL(fork)();
}

/* libc's daemon() puts /dev/null over stderr by calls of its own that no hook sees. */
SPY_EXPORT int daemon(int nochdir, int noclose)
{
	if (spy_on && !noclose)
		spy_writer_leave_stderr(true);
	return REAL(daemon)(nochdir, noclose);
}

int spy_before_exit(int status)
{
	if (!spy_on || spy_in_vfork_child())
		return status;
	spy_ending_summary();
	return spy_ending_status(status);
}

SPY_EXPORT void _exit(int status)
{
	REAL(_exit)(spy_before_exit(status));
	__builtin_unreachable();
}

SPY_EXPORT void _Exit(int status)
{
	REAL(_Exit)(spy_before_exit(status));
	__builtin_unreachable();
}

/* What waits in the buffer would be gone with this program's memory. */
static void before_exec(void)
{
	if (spy_on && !spy_in_vfork_child())
		spy_writer_flush();
}

SPY_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	before_exec();
	return REAL(execve)(path, argv, envp);
}

SPY_EXPORT int execv(const char *path, char *const argv[])
{
	before_exec();
	return REAL(execv)(path, argv);
}

SPY_EXPORT int execvp(const char *file, char *const argv[])
{
	before_exec();
	return REAL(execvp)(file, argv);
}

SPY_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	before_exec();
	return REAL(execvpe)(file, argv, envp);
}

SPY_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	before_exec();
	return REAL(fexecve)(fd, argv, envp);
}

/* The arguments of execl() and its kind, counted with their final NULL. */
static size_t count_arguments(va_list ap)
{
	size_t count = 2;	/* The first one, and the NULL. */

	while (va_arg(ap, char *))
		count++;
	return count;
}

static void fill_arguments(char **argv, const char *first, size_t count, va_list ap)
{
	argv[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; i < count; i++)
		argv[i] = va_arg(ap, char *);
}

/* As libc does it: the list becomes an array on the stack, and execv() or its kin takes it. */
SPY_EXPORT int execl(const char *path, const char *first, ...)
{
	va_list ap;
	size_t count;

	va_start(ap, first);
	count = count_arguments(ap);
	va_end(ap);
	{
		char *argv[count];

		va_start(ap, first);
		fill_arguments(argv, first, count, ap);
		va_end(ap);
		before_exec();
		return REAL(execv)(path, argv);
	}
}

SPY_EXPORT int execlp(const char *file, const char *first, ...)
{
	va_list ap;
	size_t count;

	va_start(ap, first);
	count = count_arguments(ap);
	va_end(ap);
	{
		char *argv[count];

		va_start(ap, first);
		fill_arguments(argv, first, count, ap);
		va_end(ap);
		before_exec();
		return REAL(execvp)(file, argv);
	}
}

SPY_EXPORT int execle(const char *path, const char *first, ...)
{
	va_list ap;
	size_t count;

	va_start(ap, first);
	count = count_arguments(ap);
	va_end(ap);
	{
		char *argv[count];
		char *const *envp;

		va_start(ap, first);
		fill_arguments(argv, first, count, ap);
		envp = va_arg(ap, char *const *);
		va_end(ap);
		before_exec();
		return REAL(execve)(path, argv, envp);
	}
}
