/*
 * Opens a file, asks the formats whose it is, and hands every question on; see source.h.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader.h"

/* The last one takes whatever the others do not know. */
static const struct reader_format *const formats[] = {
	&reader_record,
	&reader_json,
};

struct source {
	const struct reader_format *format;
	void *reader;
};

/* A signal before the first byte is none of the reader's business. */
static size_t read_head(int fd, char *head)
{
	size_t len = 0;
	ssize_t got;

	while (len < READER_HEAD) {
		got = read(fd, head + len, READER_HEAD - len);
		if (got == 0 || (got == -1 && errno != EINTR))
			break;
		len += got > 0 ? (size_t)got : 0;
	}
	return len;
}

static const struct reader_format *format_of(const char *head, size_t len)
{
	const size_t count = sizeof(formats) / sizeof(formats[0]);

	for (size_t i = 0; i + 1 < count; i++)
		if (formats[i]->knows(head, len))
			return formats[i];
	return formats[count - 1];
}

static int open_file(const char *path)
{
	struct stat status;
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &status) == -1 || !S_ISDIR(status.st_mode))
		return fd;
	close(fd);
	errno = EISDIR;
	return -1;
}

struct source *source_open(const char *path)
{
	char head[READER_HEAD];
	struct source *source = calloc(1, sizeof(*source));
	int fd = source ? open_file(path) : -1;
	off_t start = fd == -1 ? -1 : lseek(fd, 0, SEEK_CUR);
	size_t len;
	int error;

	if (fd == -1) {
		free(source);
		return NULL;
	}
	len = start == -1 ? read_head(fd, head) : 0;
	if (start != -1) {
		ssize_t got = pread(fd, head, READER_HEAD, start);

		source->format = format_of(head, got > 0 ? (size_t)got : 0);
	} else {
		source->format = format_of(head, len);
	}
	source->reader = source->format->open(fd, head, len);
	if (source->reader)
		return source;
	error = errno;
	free(source);
	errno = error;
	return NULL;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	source->format->close(source->reader);
	free(source);
}

bool source_next(struct source *source, struct item *item)
{
	return source->format->next(source->reader, item);
}

void source_end(struct source *source)
{
	source->format->end(source->reader);
}

void source_progress(const struct source *source, uint64_t *done, uint64_t *size)
{
	source->format->progress(source->reader, done, size);
}

uint64_t source_skipped(const struct source *source)
{
	return source->format->skipped(source->reader);
}

const char *source_trouble(struct source *source)
{
	return source->format->trouble(source->reader);
}
