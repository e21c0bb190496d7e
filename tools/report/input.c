/*
 * Files one after the other, each item into the model. SIGINT ends the reading in good order; a second
 * one has its default action.
 */
#include "input.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../read/moment.h"
#include "../read/source.h"

/* The clock is asked once in so many items. */
#define ITEMS_A_LOOK 1024
/* Who waits less needs no progress. */
#define FIRST_MS 300
#define EVERY_MS 100

static volatile sig_atomic_t interrupted;

struct progress {
	bool shown; /* stderr is a terminal */
	bool on_screen;
	int64_t next_ms;
};

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void clear_progress(struct progress *progress)
{
	if (progress->on_screen)
		fputs("\r\033[K", stderr);
	progress->on_screen = false;
}

static void show_progress(struct progress *progress, const struct source *source, const char *path)
{
	int64_t now = progress->shown ? moment_uptime_ms() : 0;
	const char *name = model_basename(path);
	uint64_t done, size;

	if (!progress->shown || now < progress->next_ms)
		return;
	progress->next_ms = now + EVERY_MS;
	progress->on_screen = true;
	source_progress(source, &done, &size);
	fprintf(stderr, "\r\033[Kreading %.40s: %llu MB", name, (unsigned long long)(done >> 20));
	if (size)
		fprintf(stderr, " of %llu, %u%%", (unsigned long long)(size >> 20),
			(unsigned int)(done < size ? done * 100 / size : 100));
	fflush(stderr);
}

static uint64_t read_items(struct model *model, struct source *source, const char *path, struct progress *progress)
{
	struct item item;
	uint64_t count = 0;

	for (int ended = 0; ended < 2 && !interrupted; ended++) {
		if (ended)
			source_end(source);
		while (!interrupted && source_next(source, &item)) {
			model_add(model, &item);
			if (++count % ITEMS_A_LOOK == 0)
				show_progress(progress, source, path);
		}
	}
	return count;
}

/* True where it is a log: one that is empty may be that of a program without TCP. */
static bool tell_trouble(struct source *source, const char *path, uint64_t items)
{
	const char *trouble = source_trouble(source);
	uint64_t done, size;

	source_progress(source, &done, &size);
	if (!items && !done && !trouble)
		fprintf(stderr, "tcpwaitspy: %s is empty\n", path);
	else if (!items && !interrupted)
		fprintf(stderr,
			"tcpwaitspy: %s has no record of a JSON log (format=json) or flight record (record=)%s%s\n",
			path, trouble ? ": " : "", trouble ? trouble : "");
	else if (trouble)
		fprintf(stderr, "tcpwaitspy: %s: %s\n", path, trouble);
	if (interrupted && size)
		fprintf(stderr, "tcpwaitspy: interrupted: %llu of %llu bytes of %s were read\n",
			(unsigned long long)done, (unsigned long long)size, path);
	else if (interrupted)
		fprintf(stderr, "tcpwaitspy: interrupted: %llu bytes of %s were read\n", (unsigned long long)done,
			path);
	return items || (!done && !trouble) || interrupted;
}

/* named: the user gave it, and no directory that it is in, where other files may be besides. */
static void read_file(struct model *model, const char *path, bool named, struct progress *progress,
		      struct input_result *result)
{
	struct source *source = source_open(path);
	uint64_t items;

	if (!source) {
		fprintf(stderr, "tcpwaitspy: %s: %s\n", path, strerror(errno));
		result->failed++;
		return;
	}
	if (result->read++)
		model_next_file(model);
	items = read_items(model, source, path, progress);
	clear_progress(progress);
	if (!tell_trouble(source, path, items) && named)
		result->failed++;
	source_close(source);
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Its regular files by name; what is deeper is not looked at. */
static void read_directory(struct model *model, const char *path, struct progress *progress,
			   struct input_result *result)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_shown, alphasort);
	unsigned int before = result->read + result->failed;

	if (count == -1) {
		fprintf(stderr, "tcpwaitspy: %s: %s\n", path, strerror(errno));
		result->failed++;
		return;
	}
	for (int i = 0; i < count; i++) {
		struct stat status;
		char *file;

		if (!interrupted && asprintf(&file, "%s/%s", path, entries[i]->d_name) != -1) {
			if (stat(file, &status) == 0 && S_ISREG(status.st_mode))
				read_file(model, file, false, progress, result);
			free(file);
		}
		free(entries[i]);
	}
	free(entries);
	if (!interrupted && result->read + result->failed == before)
		fprintf(stderr, "tcpwaitspy: no file in %s\n", path);
}

struct input_result input_read(struct model *model, char *const *paths, int count)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
	struct progress progress = {.shown = isatty(STDERR_FILENO), .next_ms = moment_uptime_ms() + FIRST_MS};
	struct input_result result = {0};
	struct sigaction before;

	sigaction(SIGINT, &action, &before);
	for (int i = 0; i < count && !interrupted; i++) {
		struct stat status;

		if (strcmp(paths[i], "-") != 0 && stat(paths[i], &status) == 0 && S_ISDIR(status.st_mode))
			read_directory(model, paths[i], &progress, &result);
		else
			read_file(model, paths[i], true, &progress, &result);
	}
	sigaction(SIGINT, &before, NULL);
	result.interrupted = interrupted;
	return result;
}
