/*
 * The files of a test: a temporary directory of its own, the build, the sources, programs in PATH.
 *
 * TCPWAITSPY_BUILD names the build directory ("build"), TCPWAITSPY_SOURCE the sources ("."); both
 * may be relative to where the tests are started. All texts live until the test ends.
 */
#ifndef SUPPORT_FILES_H
#define SUPPORT_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Makes the temporary directory; removes it and all in it. 0 on success. */
int file_setup(void);
void file_teardown(void);

/* The path of name in the test's temporary directory, and of the directory itself for "". */
const char *file_temp(const char *name);
/* The absolute path of name below the build directory. Fails the test where nothing is there. */
const char *file_built(const char *name);
/* The path of name below the source directory. */
const char *file_source(const char *name);

/* The whole file, NUL-ended; NULL where it cannot be read. len may be NULL. */
char *file_read(const char *path, size_t *len);
void file_write(const char *path, const char *text);

/*
 * The path of an installed program; NULL: none. The distribution's directories come first, because
 * PATH may begin with wrappers (scripts that start the program that is meant).
 */
const char *file_program(const char *name);

#endif
