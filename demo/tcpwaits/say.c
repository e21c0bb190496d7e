/*
 * The demo's two ways to speak: say() and fail(). Called from both threads;
 * the lock is the one that stdio keeps for each stream.
 */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void write_line(FILE *stream, const char *who, const char *format, va_list arguments)
{
	char text[512];

	vsnprintf(text, sizeof(text), format, arguments);
	fprintf(stream, "%s: %s\n", who, text);
}

void say(const char *who, const char *format, ...)
{
	int saved_errno = errno;
	va_list arguments;

	va_start(arguments, format);
	write_line(stdout, who, format, arguments);
	va_end(arguments);
	errno = saved_errno;
}

void fail(const char *who, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(stderr, who, format, arguments);
	va_end(arguments);
	exit(1);
}
