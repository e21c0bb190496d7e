/*
 * Small things with words: copies, wrapping, and the name that was probably meant.
 *
 * Running out of memory ends the command at once: it has started nothing by then, or what it has
 * started goes on without it.
 */
#ifndef TOOLS_CLI_WORDS_H
#define TOOLS_CLI_WORDS_H

#include <stddef.h>
#include <stdio.h>

/* size bytes; the caller frees it, as all that these functions return. */
void *words_room(size_t size);
char *words_copy(const char *text);
char *words_join(const char *first, const char *second, const char *third);

/*
 * Writes text from column `indent` on in lines of up to `width` characters, and ends the line; what
 * stands in the first line already takes `used` of it.
 */
void words_wrap(FILE *out, const char *text, int used, int indent, int width);

/* How many characters must be added, taken away, changed or swapped with the next one (Damerau). */
unsigned int words_distance(const char *a, const char *b);

/* Whether name is near enough to word to be what was meant. */
int words_are_near(const char *word, const char *name);

#endif
