/*
 * Temporary, built and installed files; see files.h.
 */
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[PATH_MAX];

int file_setup(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(directory, sizeof(directory), "%s/tcpwaitspy-test.XXXXXX", parent && *parent ? parent : "/tmp");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	(void)info;
	(void)type;
	(void)ftw;
	return remove(path);
}

void file_teardown(void)
{
	if (*directory)
		nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	*directory = '\0';
}

const char *file_temp(const char *name)
{
	assert_true(*directory);
	return *name ? memory_text("%s/%s", directory, name) : memory_text("%s", directory);
}

static const char *below(const char *variable, const char *other, const char *name)
{
	const char *top = getenv(variable);

	return memory_text("%s/%s", top && *top ? top : other, name);
}

const char *file_built(const char *name)
{
	const char *path = below("TCPWAITSPY_BUILD", "build", name);
	char *absolute = realpath(path, NULL);

	if (!absolute)
		test_fail("%s is not built", path);
	return memory_keep(absolute, free);
}

const char *file_source(const char *name)
{
	return below("TCPWAITSPY_SOURCE", ".", name);
}

char *file_read(const char *path, size_t *len)
{
	size_t size = 0;
	size_t room = 1 << 14;
	char *text = memory_get(room);
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	/* Until the end is read, and not by its size: what is in /proc has none. */
	while ((got = read(fd, text + size, room - size - 1)) > 0) {
		char *more;

		size += (size_t)got;
		if (room - size > 4096)
			continue;
		room *= 2;
		more = memory_get(room);
		memcpy(more, text, size);
		text = more;
	}
	close(fd);
	text[size] = '\0';
	if (len)
		*len = size;
	return text;
}

void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

const char *file_program(const char *name)
{
	const char *path = getenv("PATH");
	char *list = strdup(memory_text("/usr/bin:/bin:/usr/sbin:/sbin:%s", path ? path : ""));

	memory_keep(list, free);
	for (char *part = strtok(list, ":"); part; part = strtok(NULL, ":")) {
		const char *candidate = memory_text("%s/%s", part, name);

		if (access(candidate, X_OK) == 0)
			return candidate;
	}
	return NULL;
}
