/*
 * A file of items, of whatever format: the first bytes tell a flight record from a JSON log.
 *
 * Damage never ends the reading: what cannot be read is skipped and counted, and the source can
 * say in one line what it was (`trouble`). One thread for a source.
 */
#ifndef TOOLS_READ_SOURCE_H
#define TOOLS_READ_SOURCE_H

#include "item.h"

struct source;

/* NULL: the file cannot be opened, errno says why. "-" is standard input. */
struct source *source_open(const char *path);
void source_close(struct source *source);

/* The next item; false at the end of what is there now (a log may grow: ask again later). */
bool source_next(struct source *source, struct item *item);

/* Bytes read and the size of the file (0: unknown), for progress. */
void source_progress(const struct source *source, uint64_t *done, uint64_t *size);

/* How many lines or events could not be read, and one line on the first of them; NULL: none. */
uint64_t source_skipped(const struct source *source);
const char *source_trouble(const struct source *source);

#endif
