/*
 * Source files, cut into lines in memory; see text.h.
 */
#include "text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST ((off_t)16 << 20)

struct text_file {
	struct text_file *next;
	char *path;
	char *text; /* lines end with NUL; NULL: it could not be read */
	size_t len;
};

static char *read_all(int fd, size_t size, size_t *len)
{
	char *text = malloc(size + 1);
	ssize_t got = 1;

	*len = 0;
	while (text && got > 0 && *len < size) {
		got = read(fd, text + *len, size - *len);
		*len += got > 0 ? (size_t)got : 0;
	}
	if (text)
		text[*len] = '\0';
	return text;
}

static struct text_file *load(const char *path)
{
	struct text_file *file = calloc(1, sizeof(*file));
	/* A log may name anything; a FIFO must not be waited for. */
	int fd = file ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	struct stat status;

	if (!file)
		return NULL;
	file->path = strdup(path);
	if (fd != -1 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= LARGEST)
		file->text = read_all(fd, (size_t)status.st_size, &file->len);
	if (fd != -1)
		close(fd);
	for (size_t i = 0; i < file->len; i++)
		if (file->text[i] == '\n')
			file->text[i] = '\0';
	return file;
}

static struct text_file *find(struct text_file **list, const char *path)
{
	for (struct text_file *file = *list; file; file = file->next)
		if (file->path && strcmp(file->path, path) == 0)
			return file;
	struct text_file *file = load(path);

	if (file) {
		file->next = *list;
		*list = file;
	}
	return file;
}

const char *text_line(struct text_file **list, const char *path, int line)
{
	struct text_file *file = path && line > 0 ? find(list, path) : NULL;
	size_t at = 0;

	if (!file || !file->text)
		return NULL;
	while (--line && at < file->len)
		at += strlen(file->text + at) + 1;
	if (at >= file->len)
		return NULL;
	return file->text + at;
}

void text_close(struct text_file *list)
{
	while (list) {
		struct text_file *next = list->next;

		free(list->path);
		free(list->text);
		free(list);
		list = next;
	}
}
