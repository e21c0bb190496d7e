/*
 * Hooks of the calls that make other programs of a process, or start them: what these would
 * inherit without anybody's intent.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../calls/settle.h"
#include "../calls/sweep.h"
#include "../observe/kernel.h"
#include "../preload/real.h"
#include "../preload/start.h"
#include "../sink/writer.h"
#include "../sys/memory.h"
#include "../sys/sys.h"

/*
 * Socket activation hands sockets over on purpose (sd_listen_fds(3)). What the program gives may be no address at all,
 * for which execve() has EFAULT.
 */
static bool hands_sockets_over(char *const envp[])
{
	for (; spy_memory_can_read(envp) && *envp; envp++)
		if (spy_memory_can_read(*envp) && strncmp(*envp, "LISTEN_FDS=", strlen("LISTEN_FDS=")) == 0)
			return true;
	return false;
}

/* A path that cannot be executed starts nothing; of a name without a slash only libc's search knows. */
static bool can_execute(const char *path)
{
	if (!spy_memory_can_read(path))
		return false;
	return !strchr(path, '/') || spy_sys4(SYS_faccessat, AT_FDCWD, path, X_OK, 0) == 0;
}

/*
 * What the Java runtime starts in place of the program that was asked for: it closes every descriptor above 2 and
 * executes that one.
 */
static bool closes_everything(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "jspawnhelper") == 0;
}

/* By its path, or by the name that it was started by; the file at a path may be a newer one. */
static bool is_own_file(const char *path)
{
	const char *exe = spy_start_exe(), *slash = strrchr(exe, '/');
	struct statx own, other;

	if (!strchr(path, '/'))
		return *path && (strcmp(path, slash ? slash + 1 : exe) == 0 || strcmp(path, spy_start_name()) == 0);
	if (strcmp(path, exe) == 0)
		return true;
	return spy_sys(SYS_statx, AT_FDCWD, "/proc/self/exe", 0, STATX_INO, &own) == 0 &&
	       spy_sys(SYS_statx, AT_FDCWD, path, 0, STATX_INO, &other) == 0 && own.stx_ino == other.stx_ino &&
	       own.stx_dev_major == other.stx_dev_major && own.stx_dev_minor == other.stx_dev_minor;
}

/* A server that executes itself again, for new settings or a new version, takes its sockets along on purpose. */
static bool is_same_program(const char *path, char *const argv[])
{
	return argv && argv[0] && is_own_file(path) && spy_start_has_arguments(argv);
}

static bool will_be_inherited(int fd, uint32_t slot)
{
	if (!slot || (slot & (SPY_SLOT_OWN | SPY_SLOT_CLOSED)))
		return false;
	return spy_sys2(SYS_fcntl, fd, F_GETFD) == 0;
}

static void observe_inherited(enum spy_call_id id, int fd, uint32_t slot, const struct spy_frames *frames)
{
	struct spy_settled settled;
	struct spy_event ev;

	spy_settled_init(&settled);
	spy_event_init(&ev, id, SPY_OP_EXEC, fd);
	ev.no_cloexec = true;
	spy_core_lock();
	if (spy_table_slot(&spy_core.table, fd) == slot)
		spy_observe(spy_table_conn(&spy_core.table, slot), &ev, frames, &settled);
	spy_core_unlock();
	spy_report_findings(&settled.out);
}

/* Also: what waits in the buffer would be gone with this program's memory. */
static void before_exec(enum spy_call_id id, const char *path, char *const argv[], char *const envp[], uintptr_t caller)
{
	struct spy_frames frames;
	struct spy_section quiet;

	if (!spy_on || spy_in_vfork_child())
		return;
	spy_quiet_enter(&quiet);
	spy_sweep_release();
	spy_quiet_leave(&quiet);
	spy_writer_flush();
	if (!spy_core.table.used || hands_sockets_over(envp) || !can_execute(path) || closes_everything(path) ||
	    is_same_program(path, argv))
		return;
	spy_quiet_enter(&quiet);
	spy_frames_take(caller, &frames);
	for (uint32_t fd = 0; fd <= spy_core.table.high_fd; fd++) {
		uint32_t slot = spy_table_slot(&spy_core.table, (int)fd);

		if (will_be_inherited((int)fd, slot))
			observe_inherited(id, (int)fd, slot, &frames);
	}
	spy_quiet_leave(&quiet);
}

SPY_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	before_exec(SPY_CALL_execve, path, argv, envp, SPY_CALLER);
	return REAL(execve)(path, argv, envp);
}

SPY_EXPORT int execv(const char *path, char *const argv[])
{
	before_exec(SPY_CALL_execv, path, argv, environ, SPY_CALLER);
	return REAL(execv)(path, argv);
}

SPY_EXPORT int execvp(const char *file, char *const argv[])
{
	before_exec(SPY_CALL_execvp, file, argv, environ, SPY_CALLER);
	return REAL(execvp)(file, argv);
}

SPY_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	before_exec(SPY_CALL_execvpe, file, argv, envp, SPY_CALLER);
	return REAL(execvpe)(file, argv, envp);
}

SPY_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	before_exec(SPY_CALL_fexecve, "", argv, envp, SPY_CALLER);
	return REAL(fexecve)(fd, argv, envp);
}

/* The arguments of execl() and its kin, counted with their final NULL. */
static size_t count_arguments(va_list *ap)
{
	size_t count = 2; /* The first one, and the NULL. */
	va_list counted;

	va_copy(counted, *ap);
	while (va_arg(counted, char *))
		count++;
	va_end(counted);
	return count;
}

/* As libc does it: the list becomes an array on the stack, and execv() or its kin takes it. */
static int exec_list(enum spy_call_id id, const char *path, const char *first, va_list *ap, uintptr_t caller)
{
	size_t count = count_arguments(ap);
	char *argv[count];
	char *const *envp = environ;

	argv[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; i < count; i++)
		argv[i] = va_arg(*ap, char *);
	if (id == SPY_CALL_execle)
		envp = va_arg(*ap, char *const *);
	before_exec(id, path, argv, envp, caller);
	if (id == SPY_CALL_execle)
		return REAL(execve)(path, argv, envp);
	return id == SPY_CALL_execlp ? REAL(execvp)(path, argv) : REAL(execv)(path, argv);
}

SPY_EXPORT int execl(const char *path, const char *first, ...)
{
	va_list ap;
	int rc;

	va_start(ap, first);
	rc = exec_list(SPY_CALL_execl, path, first, &ap, SPY_CALLER);
	va_end(ap);
	return rc;
}

SPY_EXPORT int execlp(const char *file, const char *first, ...)
{
	va_list ap;
	int rc;

	va_start(ap, first);
	rc = exec_list(SPY_CALL_execlp, file, first, &ap, SPY_CALLER);
	va_end(ap);
	return rc;
}

SPY_EXPORT int execle(const char *path, const char *first, ...)
{
	va_list ap;
	int rc;

	va_start(ap, first);
	rc = exec_list(SPY_CALL_execle, path, first, &ap, SPY_CALLER);
	va_end(ap);
	return rc;
}

/* With file actions the program says itself what the new one shall have. */
SPY_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
			   const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	if (!actions)
		before_exec(SPY_CALL_posix_spawn, path, argv, envp, SPY_CALLER);
	return REAL(posix_spawn)(pid, path, actions, attr, argv, envp);
}

SPY_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
			    const posix_spawnattr_t *attr, char *const argv[], char *const envp[])
{
	if (!actions)
		before_exec(SPY_CALL_posix_spawnp, file, argv, envp, SPY_CALLER);
	return REAL(posix_spawnp)(pid, file, actions, attr, argv, envp);
}

SPY_EXPORT int system(const char *command)
{
	if (command)
		before_exec(SPY_CALL_system, "/bin/sh", NULL, environ, SPY_CALLER);
	return REAL(system)(command);
}

SPY_EXPORT FILE *popen(const char *command, const char *type)
{
	before_exec(SPY_CALL_popen, "/bin/sh", NULL, environ, SPY_CALLER);
	return REAL(popen)(command, type);
}
