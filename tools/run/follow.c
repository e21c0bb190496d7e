/*
 * Files that grow, by inotify; see follow.h.
 */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../cli/words.h"
#include "../read/moment.h"

#define PRIVATE_NAME "log.json"
/* A private log's blocks go back to the file system in pieces of this size. */
#define RETURNED_AT_ONCE ((uint64_t)4 << 20)

struct file {
	struct file *next;
	char *path;
	struct source *source;
};

struct follow {
	int notify_fd;
	int64_t since_ns; /* what is older was there before */
	char *directory;
	char *pattern; /* for the names in directory */
	char *private_path; /* NULL: the files are the user's */
	int private_fd;
	uint64_t returned; /* bytes of the private log that have been given back */
	off_t copied;
	struct file *files;
};

static struct follow *begin(char *directory)
{
	struct follow *follow = words_room(sizeof(*follow));

	*follow = (struct follow){
		.notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
		.since_ns = moment_now(),
		.directory = directory,
		.private_fd = -1,
	};
	if (inotify_add_watch(follow->notify_fd, directory, IN_MODIFY | IN_CREATE | IN_MOVED_TO) >= 0)
		return follow;
	fprintf(stderr, "tcpwaitspy: the log in %s cannot be watched: %s\n", directory, strerror(errno));
	follow_end(follow, true);
	return NULL;
}

struct follow *follow_private(void)
{
	const char *temporary = getenv("TMPDIR");
	char *directory = words_join(temporary && *temporary == '/' ? temporary : "/tmp", "/", "tcpwaitspy.XXXXXX");
	struct follow *follow;

	if (!mkdtemp(directory)) {
		fprintf(stderr, "tcpwaitspy: no directory for the log, %s: %s; TMPDIR can name another place\n",
			directory, strerror(errno));
		free(directory);
		return NULL;
	}
	follow = begin(directory);
	if (!follow)
		return NULL;
	follow->pattern = words_copy(PRIVATE_NAME);
	follow->private_path = words_join(directory, "/", PRIVATE_NAME);
	follow->private_fd = open(follow->private_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (follow->private_fd >= 0)
		return follow;
	fprintf(stderr, "tcpwaitspy: %s: %s\n", follow->private_path, strerror(errno));
	follow_end(follow, false);
	return NULL;
}

/* A glob for the names that a template can become. */
static char *pattern_of(const char *name)
{
	/* "%p" is the one that grows most. */
	char *pattern = words_room(3 * strlen(name) + 1);
	char *end = pattern;

	for (; *name; name++) {
		if (name[0] == '%' && (name[1] == 'p' || name[1] == 'e')) {
			end = stpcpy(end, name[1] == 'p' ? "[0-9]*" : "*");
			name++;
			continue;
		}
		if (name[0] == '%' && name[1] == '%')
			name++;
		if (strchr("*?[\\", *name))
			*end++ = '\\';
		*end++ = *name;
	}
	*end = '\0';
	return pattern;
}

struct follow *follow_template(const char *template)
{
	const char *slash = strrchr(template, '/');
	char *directory = slash ? strndup(template, slash == template ? 1 : (size_t)(slash - template)) : NULL;
	struct follow *follow;

	if (!directory)
		directory = words_copy(".");
	follow = begin(directory);
	if (follow)
		follow->pattern = pattern_of(slash ? slash + 1 : template);
	return follow;
}

const char *follow_path(const struct follow *follow)
{
	return follow->private_path;
}

int follow_fd(const struct follow *follow)
{
	return follow->notify_fd;
}

static struct file *file_named(struct follow *follow, const char *name)
{
	char *path = words_join(follow->directory, "/", name);
	struct file *file = follow->files;

	while (file && strcmp(file->path, path) != 0)
		file = file->next;
	if (file) {
		free(path);
		return file;
	}
	file = words_room(sizeof(*file));
	*file = (struct file){.next = follow->files, .path = path, .source = source_open(path)};
	follow->files = file;
	return file;
}

static void return_space(struct follow *follow, const struct file *file)
{
	uint64_t done;
	uint64_t size;

	if (!follow->private_path)
		return;
	source_progress(file->source, &done, &size);
	if (done < follow->returned + RETURNED_AT_ONCE)
		return;
	/* Where the file system cannot, the file stays whole until the end. */
	fallocate(follow->private_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)follow->returned,
		  (off_t)(done - follow->returned));
	follow->returned = done;
}

static void read_file(struct follow *follow, struct file *file, follow_item *take, void *data)
{
	struct item item;

	while (file->source && source_next(file->source, &item))
		if (item.ts_ns >= follow->since_ns)
			take(&item, data);
	if (file->source && follow->copied == 0)
		return_space(follow, file);
}

void follow_read(struct follow *follow, follow_item *take, void *data)
{
	char room[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got;

	while ((got = read(follow->notify_fd, room, sizeof(room))) > 0) {
		for (char *at = room; at < room + got;) {
			const struct inotify_event *event = (const struct inotify_event *)(const void *)at;

			if (event->len && fnmatch(follow->pattern, event->name, 0) == 0)
				file_named(follow, event->name);
			at += sizeof(*event) + event->len;
		}
	}
	for (struct file *file = follow->files; file; file = file->next)
		read_file(follow, file, take, data);
}

static void write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t put = write(fd, text, len);

		if (put == -1 && errno != EINTR)
			return;
		text += put > 0 ? put : 0;
		len -= put > 0 ? (size_t)put : 0;
	}
}

void follow_copy(struct follow *follow, int fd)
{
	const size_t size = 1 << 16;
	char *room = words_room(size);
	ssize_t got;

	while ((got = pread(follow->private_fd, room, size, follow->copied)) > 0) {
		const char *last = memrchr(room, '\n', (size_t)got);
		/* A line that fills the room is passed on in pieces. */
		size_t len = last ? (size_t)(last - room) + 1 : (size_t)got;

		if (!last && (size_t)got < size)
			break;
		write_all(fd, room, len);
		follow->copied += (off_t)len;
	}
	free(room);
}

void follow_finish(struct follow *follow, follow_item *take, void *data)
{
	follow_read(follow, take, data);
	for (struct file *file = follow->files; file; file = file->next) {
		if (file->source)
			source_end(file->source);
		read_file(follow, file, take, data);
	}
}

uint64_t follow_skipped(const struct follow *follow)
{
	uint64_t count = 0;

	for (const struct file *file = follow->files; file; file = file->next)
		count += file->source ? source_skipped(file->source) : 0;
	return count;
}

void follow_end(struct follow *follow, bool keep)
{
	struct file *next;

	for (struct file *file = follow->files; file; file = next) {
		next = file->next;
		source_close(file->source);
		free(file->path);
		free(file);
	}
	if (follow->private_path && !keep) {
		unlink(follow->private_path);
		rmdir(follow->directory);
	}
	if (follow->notify_fd >= 0)
		close(follow->notify_fd);
	if (follow->private_fd >= 0)
		close(follow->private_fd);
	free(follow->private_path);
	free(follow->directory);
	free(follow->pattern);
	free(follow);
}
