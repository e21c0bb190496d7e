/*
 * `tcpwaitspy run`: starts a program under the shim and shows its log as it comes.
 *
 * The shim writes JSON to a private file, which is followed and rendered here; where the user asked
 * for a JSON log of their own, that is followed. So the command knows file and line, and can count
 * what a process had found that was killed.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../cli/command.h"
#include "../cli/words.h"
#include "child.h"
#include "follow.h"
#include "heirs.h"
#include "log.h"
#include "options.h"
#include "render.h"

/* Looked at this often even if nothing was told, for file systems without inotify. */
#define LOOK_MS	    1000
#define WATCHED_MAX 256

/* The shim's name in LD_PRELOAD, behind what is there: what must come first (a sanitizer) stays first. */
static void set_preload(const char *library)
{
	const char *now = getenv("LD_PRELOAD");
	char *list;

	if (now && strstr(now, library))
		return;
	list = words_join(now ? now : "", now && *now ? ":" : "", library);
	setenv("LD_PRELOAD", list, 1);
	free(list);
}

/* Descriptors to wait at: signals, the log, and the ends of the processes that are known. */
static nfds_t collect(const struct child *child, const struct run_log *log, struct pollfd *fds)
{
	nfds_t count = 0;

	fds[count++] = (struct pollfd){.fd = child->signal_fd, .events = POLLIN};
	fds[count++] = (struct pollfd){.fd = follow_fd(log->follow), .events = POLLIN};
	for (struct tally_process *process = log->tally.processes; process && count < WATCHED_MAX;
	     process = process->next)
		if (process->fd >= 0)
			fds[count++] = (struct pollfd){.fd = process->fd, .events = POLLIN};
	return count;
}

/* Closes the pidfds of those that have ended; how many are left. */
static unsigned int count_living(struct tally *tally)
{
	unsigned int living = 0;

	for (struct tally_process *process = tally->processes; process; process = process->next) {
		struct pollfd end = {.fd = process->fd, .events = POLLIN};

		if (process->fd < 0)
			continue;
		if (poll(&end, 1, 0) == 1) {
			close(process->fd);
			process->fd = -1;
		} else {
			living++;
		}
	}
	return living;
}

static void watch(struct child *child, struct run_log *log, const struct run_options *options)
{
	struct pollfd fds[WATCHED_MAX];
	nfds_t count;

	for (;;) {
		unsigned int living = count_living(&log->tally);

		/* After the looks at who lives: what the dead wrote is there by now. */
		run_log_read(log);
		if (child->ended && (child->told_to_end || options->no_wait))
			break;
		if (child->ended && living == 0 &&
		    heirs_find(&log->tally, options->settings.text, !log->is_private) == 0)
			break;
		count = collect(child, log, fds);
		poll(fds, count, LOOK_MS);
		run_log_read(log);
		child_signals(child);
	}
}

static int run_program(const struct run_options *options, const struct program *program, struct run_log *log,
		       char **argv)
{
	struct child child;
	int status = child_start(&child, program, argv);

	if (status != STATUS_GOOD) {
		run_log_drop(log);
		return status;
	}
	log->program_pid = child.pid;
	watch(&child, log, options);
	run_log_end(log, &child);
	return child_end_alike(&child);
}

int run_command(int argc, char **argv)
{
	struct run_options options;
	struct program program = {.path = NULL};
	struct run_log log;
	char *library = NULL;
	int status = run_options_read(&options, argc, argv);

	if (status != RUN_OPTIONS_GO)
		return status;
	library = program_find_library(options.library);
	status = library ? program_find(argv[options.program], library, &program) : STATUS_CANNOT;
	if (status == STATUS_GOOD)
		status = run_log_begin(&log, &options);
	if (status == STATUS_GOOD) {
		set_preload(library);
		setenv("TCPWAITSPY_OPTIONS", options.settings.text, 1);
		status = run_program(&options, &program, &log, argv + options.program);
	}
	free(program.path);
	free(library);
	run_options_end(&options);
	return status;
}
