/*
 * A list of what to release when the test ends; see memory.h.
 */
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct kept {
	struct kept *next;
	void *object;
	void (*release)(void *);
};

static struct kept *kept_first;

void *memory_keep(void *object, void (*release)(void *))
{
	struct kept *kept = malloc(sizeof(*kept));

	if (!kept || !object)
		abort();
	*kept = (struct kept){.next = kept_first, .object = object, .release = release};
	kept_first = kept;
	return object;
}

void *memory_get(size_t size)
{
	return memory_keep(calloc(1, size ? size : 1), free);
}

const char *memory_text(const char *format, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		abort();
	va_end(ap);
	return memory_keep(text, free);
}

void memory_release(void)
{
	while (kept_first) {
		struct kept *kept = kept_first;

		kept_first = kept->next;
		kept->release(kept->object);
		free(kept);
	}
}
