/*
 * Memory that lives until the test ends. A failed assertion leaves a test by longjmp, so that
 * nothing in it can be relied on to free; the teardown does it for all.
 */
#ifndef SUPPORT_MEMORY_H
#define SUPPORT_MEMORY_H

#include <stddef.h>

/* release(object) is called at the end of the test. Returns object. */
void *memory_keep(void *object, void (*release)(void *));
/* size bytes of zeros; never NULL. */
void *memory_get(size_t size);
/* Text by format. */
const char *memory_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends everything kept so far. */
void memory_release(void);

#endif
