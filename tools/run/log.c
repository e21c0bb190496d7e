/*
 * The log of a run; see log.h.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli/command.h"
#include "../cli/words.h"
#include "../read/moment.h"
#include "../symbols/symbols.h"

/* A path as `log` takes it: "%%" is a percent sign. */
static char *as_template(const char *path)
{
	char *template = words_room(2 * strlen(path) + 1);
	char *end = template;

	for (; *path; path++) {
		if (*path == '%')
			*end++ = '%';
		*end++ = *path;
	}
	*end = '\0';
	return template;
}

static void follow_privately(struct run_log *log, struct run_options *options)
{
	char *template = as_template(follow_path(log->follow));

	settings_set(&options->settings, "log", template);
	settings_set(&options->settings, "format", "json");
	free(template);
}

/* The same rules as for the shim's own log: 0600, appended to, never through a symbolic link. */
static FILE *open_output(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *stream = fd >= 0 ? fdopen(fd, "a") : NULL;

	if (!stream)
		fprintf(stderr, "tcpwaitspy: %s: %s\n", path, strerror(errno));
	return stream;
}

/* A line is one write(), so that it does not mix with what the program writes there. */
static FILE *open_stderr(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (stream)
		setvbuf(stream, NULL, _IOLBF, 1 << 16);
	else
		fprintf(stderr, "tcpwaitspy: standard error: %s\n", strerror(errno));
	return stream;
}

/* A text log of the user's own is written by the command: with file and line, and to its end. */
static const char *output_path(const struct run_options *options)
{
	const struct spy_options *settings = &options->settings.options;

	if (options->output)
		return options->output;
	if (settings->format == SPY_FORMAT_TEXT && strcmp(settings->log, "stderr") != 0)
		return settings->log;
	return NULL;
}

static void close_log(struct run_log *log, bool keep)
{
	if (log->follow)
		follow_end(log->follow, keep);
	if (log->render.symbols)
		symbols_close(log->render.symbols);
	tally_end(&log->tally);
	fclose(log->stream);
}

int run_log_begin(struct run_log *log, struct run_options *options)
{
	const struct spy_options *settings = &options->settings.options;
	bool to_stderr = strcmp(settings->log, "stderr") == 0;
	const char *path = output_path(options);

	*log = (struct run_log){
		.as_json = to_stderr && settings->format == SPY_FORMAT_JSON,
		.is_private = to_stderr || settings->format == SPY_FORMAT_TEXT,
		.summaries = settings->summary,
	};
	log->stream = path ? open_output(path) : open_stderr();
	if (!log->stream)
		return STATUS_CANNOT;
	log->render.out = out_make(log->stream, options->colors);
	log->render.quiet = options->quiet || settings->calls == SPY_CALLS_NONE;
	log->render.symbols = log->as_json ? NULL : symbols_open();
	if (log->render.symbols && options->offline)
		symbols_stay_offline(log->render.symbols);
	if (log->render.symbols && options->debug_directory)
		symbols_look_in(log->render.symbols, options->debug_directory);
	log->raw_fd = fileno(log->stream);
	log->follow = log->is_private ? follow_private() : follow_template(settings->log);
	if (!log->follow) {
		close_log(log, false);
		return STATUS_CANNOT;
	}
	/* What is counted for a process that is killed needs the turns of its connections. */
	if (options->quiet && settings->calls == SPY_CALLS_ALL)
		settings_set(&options->settings, "calls", log->as_json ? "none" : "lifecycle");
	if (log->is_private)
		follow_privately(log, options);
	return STATUS_GOOD;
}

static void take(const struct item *item, void *data)
{
	struct run_log *log = data;
	struct tally_process *process = tally_take(&log->tally, item);

	if (log->as_json)
		return;
	/* A shell's helpers without sockets say nothing, as on stderr; the program itself gets its verdict. */
	if (item->type == ITEM_SUMMARY && !process->has_tcp && item->pid != log->program_pid)
		return;
	render_item(&log->render, item, process);
}

void run_log_read(struct run_log *log)
{
	if (log->as_json)
		follow_copy(log->follow, log->raw_fd);
	follow_read(log->follow, take, log);
	fflush(log->stream);
}

static const char *how_ended(const struct tally_process *process, const struct child *child, char *room, size_t size)
{
	if (process->pid != child->pid)
		return "ended without a word";
	if (WIFSIGNALED(child->status))
		snprintf(room, size, "killed by SIG%s", sigabbrev_np(WTERMSIG(child->status)));
	else
		snprintf(room, size, "exit status %d, without a word", WEXITSTATUS(child->status));
	return room;
}

static bool lives(const struct tally_process *process)
{
	struct pollfd end = {.fd = process->fd, .events = POLLIN};

	return process->fd >= 0 && poll(&end, 1, 0) == 0;
}

static void count_what_is_missing(struct run_log *log, const struct child *child)
{
	char room[64];

	for (struct tally_process *process = log->tally.processes; process; process = process->next) {
		bool is_program = process->pid == child->pid;
		const char *how = lives(process) ? "it runs on" : how_ended(process, child, room, sizeof(room));

		if (process->has_summary || (!process->has_tcp && !is_program))
			continue;
		tally_close_accounts(process, lives(process) ? moment_now() : process->last_ns);
		if (log->as_json)
			render_counted_json(log->raw_fd, process, how);
		else
			render_counted(&log->render, process, how);
	}
}

static void tell_of_damage(const struct run_log *log)
{
	uint64_t skipped = follow_skipped(log->follow);

	if (skipped && !log->as_json)
		fprintf(log->stream, "tcpwaitspy: %llu lines of the log could not be read\n",
			(unsigned long long)skipped);
}

/* A log that somebody still writes to stays. */
static bool tell_of_the_living(struct run_log *log)
{
	unsigned int living = 0;
	int pid = 0;

	for (const struct tally_process *process = log->tally.processes; process; process = process->next) {
		if (!lives(process))
			continue;
		living++;
		pid = process->pid;
	}
	if (living && log->is_private)
		fprintf(stderr, "tcpwaitspy: %u of its processes run%s on (pid %d%s); the log goes on in %s\n", living,
			living == 1 ? "s" : "", pid, living == 1 ? "" : " is one", follow_path(log->follow));
	return living > 0;
}

void run_log_end(struct run_log *log, const struct child *child)
{
	bool living;

	if (log->as_json)
		follow_copy(log->follow, log->raw_fd);
	follow_finish(log->follow, take, log);
	if (log->summaries)
		count_what_is_missing(log, child);
	tell_of_damage(log);
	fflush(log->stream);
	living = tell_of_the_living(log);
	close_log(log, living);
}

void run_log_drop(struct run_log *log)
{
	close_log(log, false);
}
