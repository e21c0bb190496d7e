/*
 * Processes of a test: start, talk, stop, collect; see run.h.
 *
 * Standard output and error go to memory files and not to pipes, so that a program is never held
 * up because the test is busy elsewhere. Only a dialog's input and output are pipes.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_STARTED 126

struct run_process {
	struct run_process *next;
	pid_t pid;
	int pidfd;
	int in; /* a dialog's standard input, else -1 */
	int out; /* a dialog's standard output, else a memory file */
	int err;
	bool dialog;
	bool ended;
	int status;
	char name[64];
	char *heard; /* output read from the pipe and not yet handed out */
	size_t heard_start;
	size_t heard_len;
	char *all_heard; /* all output, for the result */
	size_t all_len;
};

static struct run_process *processes;

static void release_process(void *object)
{
	struct run_process *process = object;

	close(process->pidfd);
	if (process->in >= 0)
		close(process->in);
	close(process->out);
	close(process->err);
	free(process->heard);
	free(process->all_heard);
	free(process);
}

static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	assert_true(fd >= 0);
	/* Several descriptions may come to write here: none may overwrite the other. */
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	return fd;
}

static int input_file(const char *text)
{
	int fd = memory_file("stdin");

	if (text)
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static bool is_ours(const char *entry)
{
	return strncmp(entry, "LD_PRELOAD=", 11) == 0 || strncmp(entry, "TCPWAITSPY_OPTIONS=", 19) == 0;
}

/* True where the program is to get another value under the entry's name. */
static bool is_replaced(const struct run_spec *spec, const char *entry)
{
	size_t name = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < RUN_ENV_MAX && spec->env[i]; i++) {
		if (strncmp(spec->env[i], entry, name) == 0)
			return true;
	}
	return is_ours(entry);
}

static char **environment(const struct run_spec *spec)
{
	size_t count = 0;
	char **env;

	while (environ[count])
		count++;
	env = memory_get((count + RUN_ENV_MAX + 3) * sizeof(*env));
	count = 0;
	for (char **entry = environ; *entry; entry++) {
		if (!is_replaced(spec, *entry))
			env[count++] = *entry;
	}
	for (size_t i = 0; i < RUN_ENV_MAX && spec->env[i]; i++)
		env[count++] = (char *)spec->env[i];
	if (!spec->plain)
		env[count++] = (char *)memory_text("LD_PRELOAD=%s", file_built("libtcpwaitspy.so"));
	if (spec->options)
		env[count++] = (char *)memory_text("TCPWAITSPY_OPTIONS=%s", spec->options);
	return env;
}

/* In the child: everything as a shell would hand it over, and no descriptor of the test's. */
static void become(const struct run_spec *spec, char **env, const int fds[3], int failed)
{
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int fd = 0; fd < 3; fd++)
		dup2(fds[fd], fd);
	/* Nor of whoever started the test: the programs count their descriptors from 3. */
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (spec->no_stderr)
		close(2);
	if (spec->directory && chdir(spec->directory) != 0)
		goto fail;
	if (spec->in_child)
		spec->in_child();
	execvpe(spec->argv[0], (char *const *)spec->argv, env);
fail:
	if (write(failed, &errno, sizeof(errno)) < 0)
		_exit(EXIT_NOT_STARTED);
	_exit(EXIT_NOT_STARTED);
}

static void open_streams(const struct run_spec *spec, struct run_process *process, int fds[3])
{
	int in[2];
	int out[2];

	process->err = memory_file("stderr");
	fds[2] = process->err;
	if (!spec->dialog) {
		fds[0] = input_file(spec->input);
		process->in = -1;
		process->out = memory_file("stdout");
		fds[1] = process->out;
		return;
	}
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fds[0] = in[0];
	process->in = in[1];
	fds[1] = out[1];
	process->out = out[0];
}

struct run_process *run_start(const struct run_spec *spec)
{
	struct run_process *process = calloc(1, sizeof(*process));
	char **env = environment(spec);
	int failed[2];
	int fds[3];
	int error = 0;

	assert_non_null(process);
	snprintf(process->name, sizeof(process->name), "%s", spec->argv[0]);
	process->dialog = spec->dialog;
	open_streams(spec, process, fds);
	assert_int_equal(pipe2(failed, O_CLOEXEC), 0);
	fflush(NULL);
	process->pid = fork();
	assert_true(process->pid >= 0);
	if (process->pid == 0)
		become(spec, env, fds, failed[1]);
	setpgid(process->pid, process->pid);
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	assert_true(process->pidfd >= 0);
	memory_keep(process, release_process);
	process->next = processes;
	processes = process;
	close(failed[1]);
	close(fds[0]);
	if (spec->dialog)
		close(fds[1]);
	/* The pipe is close-on-exec: its end of file is the moment when exec() has succeeded. */
	if (read(failed[0], &error, sizeof(error)) > 0)
		test_fail("cannot start %s: %s", spec->argv[0], strerror(error));
	close(failed[0]);
	return process;
}

pid_t run_pid(const struct run_process *process)
{
	return process->pid;
}

static void give_up(struct run_process *process, const char *waiting_for)
{
	char *err = run_stderr_now(process);
	size_t len = strlen(err);

	test_fail("%s (pid %d): waited %d ms for %s; its standard error ends with:\n%s", process->name,
		  (int)process->pid, TEST_DEADLINE_MS, waiting_for, len > 700 ? err + len - 700 : err);
}

void run_say(struct run_process *process, const char *line)
{
	const char *text = memory_text("%s\n", line);

	assert_true(process->dialog);
	assert_int_equal(write(process->in, text, strlen(text)), strlen(text));
}

void run_hang_up(struct run_process *process)
{
	if (process->in >= 0)
		close(process->in);
	process->in = -1;
}

/* Takes what the pipe holds, waiting up to timeout_ms; false at the end of file or when it stays silent. */
static bool hear_more(struct run_process *process, int timeout_ms)
{
	struct pollfd ready = {.fd = process->out, .events = POLLIN};
	char chunk[4096];
	ssize_t len;

	if (poll(&ready, 1, timeout_ms) <= 0)
		return false;
	len = read(process->out, chunk, sizeof(chunk));
	if (len <= 0)
		return false;
	process->heard = realloc(process->heard, process->heard_len + (size_t)len);
	process->all_heard = realloc(process->all_heard, process->all_len + (size_t)len + 1);
	assert_true(process->heard && process->all_heard);
	memcpy(process->heard + process->heard_len, chunk, (size_t)len);
	memcpy(process->all_heard + process->all_len, chunk, (size_t)len);
	process->heard_len += (size_t)len;
	process->all_len += (size_t)len;
	return true;
}

static bool at_end(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, 0) > 0 && !(ready.revents & POLLIN);
}

const char *run_hear(struct run_process *process)
{
	assert_true(process->dialog);
	for (;;) {
		char *start = process->heard + process->heard_start;
		char *end = process->heard ? memchr(start, '\n', process->heard_len - process->heard_start) : NULL;

		if (end) {
			process->heard_start += (size_t)(end - start) + 1;
			return memory_text("%.*s", (int)(end - start), start);
		}
		if (hear_more(process, TEST_DEADLINE_MS))
			continue;
		if (!at_end(process->out))
			give_up(process, "a line on its standard output");
		return NULL;
	}
}

static char *whole_file(int fd, size_t *len)
{
	size_t size = (size_t)lseek(fd, 0, SEEK_END);
	char *text = memory_get(size + 1);

	*len = 0;
	while (*len < size) {
		ssize_t got = pread(fd, text + *len, size - *len, (off_t)*len);

		if (got <= 0)
			break;
		*len += (size_t)got;
	}
	return text;
}

char *run_stderr_now(struct run_process *process)
{
	size_t len;

	return whole_file(process->err, &len);
}

struct run_result run_finish(struct run_process *process)
{
	struct pollfd ready = {.fd = process->pidfd, .events = POLLIN};
	struct run_result result = {0};

	run_hang_up(process);
	if (poll(&ready, 1, TEST_DEADLINE_MS) <= 0)
		give_up(process, "its end");
	assert_int_equal(waitpid(process->pid, &process->status, 0), process->pid);
	process->ended = true;
	result.status = process->status;
	result.err = whole_file(process->err, &result.err_len);
	if (!process->dialog) {
		result.out = whole_file(process->out, &result.out_len);
		return result;
	}
	/* Only what is there: a daemon that it left behind may hold the pipe for long. */
	while (hear_more(process, 0))
		;
	result.out = memory_get(process->all_len + 1);
	result.out_len = process->all_len;
	if (process->all_len)
		memcpy(result.out, process->all_heard, process->all_len);
	return result;
}

bool run_is_over(const struct run_process *process)
{
	struct pollfd ready = {.fd = process->pidfd, .events = POLLIN};

	return process->ended || poll(&ready, 1, 0) > 0;
}

struct run_result run_stop(struct run_process *process, int sig)
{
	assert_int_equal(kill(process->pid, sig), 0);
	return run_finish(process);
}

struct run_result run(const struct run_spec *spec)
{
	return run_finish(run_start(spec));
}

/* What the test started and has not collected. */
static void kill_started(void)
{
	for (struct run_process *process = processes; process; process = process->next) {
		if (process->ended)
			continue;
		/* The group too: what it has forked goes with it. */
		kill(-process->pid, SIGKILL);
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
	}
	processes = NULL;
}

/* Children of children that were left behind (daemons) come to us, because we are their reaper. */
static void kill_orphans(void)
{
	char path[64];
	char *text;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	for (int round = 0; round < 50; round++) {
		text = file_read(path, NULL);
		if (!text || !*text)
			return;
		for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
			pid_t pid = (pid_t)atoi(word);

			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
	}
}

void run_kill_all(void)
{
	kill_started();
	kill_orphans();
}
