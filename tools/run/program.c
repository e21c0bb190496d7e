/*
 * Where the program and the shim are; see program.h. What a program is stands in elf_kind.c.
 */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli/command.h"
#include "../cli/words.h"
#include "elf_kind.h"

#define LIBRARY "libtcpwaitspy.so"
/* As many interpreters of interpreters as Linux follows (BINPRM_MAX_RECURSION). */
#define SCRIPTS_MAX 5
#define SHELL	    "/bin/sh"

static bool is_program(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* The first file of that name in PATH that satisfies the condition. */
static char *search_path(const char *name, bool (*wanted)(const char *))
{
	const char *path = getenv("PATH");
	char *standard = NULL;
	char *found = NULL;

	if (!path) {
		size_t len = confstr(_CS_PATH, NULL, 0);

		standard = words_room(len + 1);
		confstr(_CS_PATH, standard, len);
		path = standard;
	}
	while (!found) {
		size_t len = strcspn(path, ":");
		char *directory = strndup(path, len);

		/* An empty entry is the current directory (environ(7)). */
		found = directory && len ? words_join(directory, "/", name) : words_copy(name);
		free(directory);
		if (!wanted(found)) {
			free(found);
			found = NULL;
		}
		path += len;
		if (*path++ == '\0')
			break;
	}
	free(standard);
	return found;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

char *program_lookup(const char *name)
{
	if (*name == '\0')
		return NULL;
	if (strchr(name, '/'))
		return is_program(name) ? words_copy(name) : NULL;
	return search_path(name, is_program);
}

static int refuse_missing(const char *name)
{
	char *found = strchr(name, '/') || *name == '\0' ? words_copy(name) : search_path(name, is_file);
	struct stat status;
	int result = STATUS_CANNOT;

	if (!found) {
		fprintf(stderr, "tcpwaitspy: %s: not found in PATH; give the path of the program\n", name);
		return STATUS_MISSING;
	}
	if (stat(found, &status) == -1) {
		result = errno == EACCES ? STATUS_CANNOT : STATUS_MISSING;
		fprintf(stderr, "tcpwaitspy: %s: %s\n", name, *name ? strerror(errno) : "no program is named so");
	} else if (S_ISDIR(status.st_mode)) {
		fprintf(stderr, "tcpwaitspy: %s: is a directory; give the path of a program in it\n", found);
	} else if (!S_ISREG(status.st_mode)) {
		fprintf(stderr, "tcpwaitspy: %s: is not a regular file\n", found);
	} else if (access(found, X_OK) == 0) {
		fprintf(stderr, "tcpwaitspy: %s: cannot be executed\n", found);
	} else {
		fprintf(stderr, "tcpwaitspy: %s: is not executable; chmod +x makes it so, or run its interpreter\n",
			found);
	}
	free(found);
	return result;
}

/* The interpreter of a script's first line; NULL: the text is none. */
static char *interpreter_of(const char *head)
{
	size_t len;

	if (strncmp(head, "#!", 2) != 0)
		return NULL;
	head += 2;
	head += strspn(head, " \t");
	len = strcspn(head, " \t\n");
	return len ? strndup(head, len) : NULL;
}

static void read_head(const char *path, char *head, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd >= 0 ? read(fd, head, size - 1) : 0;

	head[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Follows scripts to the program that the kernel will start for them. */
static int check_program(struct program *program, const char *library)
{
	char *path = words_copy(program->path);
	int status = STATUS_GOOD;

	for (int depth = 0; depth < SCRIPTS_MAX && status == STATUS_GOOD; depth++) {
		char head[256];
		char *interpreter;

		read_head(path, head, sizeof(head));
		if (strncmp(head, "\177ELF", 4) == 0) {
			status = elf_check(path, library, depth > 0 ? program->path : NULL);
			break;
		}
		interpreter = interpreter_of(head);
		/* A program that may be executed and not read: what it is shows when it runs. */
		if (!interpreter && access(path, R_OK) == -1)
			break;
		if (!interpreter && depth == 0)
			program->by_shell = true;
		if (!interpreter)
			interpreter = words_copy(SHELL);
		if (!is_program(interpreter)) {
			fprintf(stderr, "tcpwaitspy: %s: its interpreter %s is not there or not executable\n", path,
				interpreter);
			status = access(interpreter, F_OK) == 0 ? STATUS_CANNOT : STATUS_MISSING;
		}
		free(path);
		path = interpreter;
	}
	free(path);
	return status;
}

int program_find(const char *name, const char *library, struct program *program)
{
	int status;

	*program = (struct program){.path = program_lookup(name)};
	if (!program->path)
		return refuse_missing(name);
	status = check_program(program, library);
	if (status != STATUS_GOOD) {
		free(program->path);
		program->path = NULL;
	}
	return status;
}

static char *real_file(const char *directory, const char *name)
{
	char *path = words_join(directory, "/", name);
	char *real = realpath(path, NULL);

	free(path);
	return real;
}

char *program_find_library(const char *given)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *found = NULL;

	self[len > 0 ? len : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	if (given)
		found = realpath(given, NULL);
	else if ((found = real_file(self, LIBRARY)) == NULL)
		found = real_file(self, "../lib/" LIBRARY);
	if (!found && given)
		fprintf(stderr, "tcpwaitspy: %s: %s\n", given, strerror(errno));
	else if (!found)
		fprintf(stderr, "tcpwaitspy: no " LIBRARY " in %s or in ../lib of it; say where it is with --library\n",
			self);
	/* ld.so(8): the list's separators are spaces and colons, and there is no escape for them. */
	if (found && strpbrk(found, " :")) {
		fprintf(stderr,
			"tcpwaitspy: %s: LD_PRELOAD cannot name a path with a blank or a colon; "
			"copy the file to another place and name that with --library\n",
			found);
		free(found);
		found = NULL;
	}
	return found;
}
