/*
 * The logs of the readers' tests: texts in a file without a name, read through the source.
 */
#ifndef UNIT_READ_LOG_H
#define UNIT_READ_LOG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../tools/read/lines.h"
#include "../../../tools/read/moment.h"
#include "../../../tools/read/source.h"

#define HEAD(type) "{\"v\":1,\"type\":\"" type "\",\"ts\":\"2026-11-22T14:03:22.104512Z\",\"pid\":4711,\"tid\":4712"
#define CALL                                                                                                           \
	HEAD("call")                                                                                                   \
	",\"call\":\"recv\",\"fd\":7,\"args\":{\"len\":128,\"flags\":\"MSG_PEEK\"},\"ret\":0,\"duration_us\":3104.2,"  \
	"\"conn\":12,\"local\":\"127.0.0.1:5197\",\"peer\":\"\",\"state_before\":\"ESTABLISHED\","                     \
	"\"state\":\"CLOSE_WAIT\",\"state_source\":\"inferred\",\"observed_eof\":true}"
#define STATE                                                                                                          \
	HEAD("state")                                                                                                  \
	",\"conn\":12,\"local\":\"a:1\",\"peer\":\"b:2\",\"state_before\":\"FIN_WAIT_1\",\"state\":\"FIN_WAIT_2\","    \
	"\"state_source\":\"kernel\",\"dwell_ms\":46.179}"

/* The log of a test: a file without a name, which can be written to while it is read. */
static int log_fd = -1;

static inline void put(const char *text, size_t len)
{
	assert_int_equal(write(log_fd, text, len), len);
}

static inline struct source *log_of(const char *text, size_t len)
{
	char path[64];
	struct source *source;

	if (log_fd != -1)
		close(log_fd);
	log_fd = memfd_create("log", MFD_CLOEXEC);
	assert_true(log_fd >= 0);
	put(text, len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", log_fd);
	source = source_open(path);
	assert_non_null(source);
	return source;
}

#define LOG(text) log_of(text, sizeof(text) - 1)

/* How many items there are to the end, a last line without newline included. */
static inline size_t count_all(struct source *source)
{
	struct item item;
	size_t count = 0;

	while (source_next(source, &item))
		count++;
	source_end(source);
	while (source_next(source, &item))
		count++;
	return count;
}

#endif
