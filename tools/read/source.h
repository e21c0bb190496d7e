/*
 * A file of items, of whatever format: the first bytes tell a flight record from a JSON log.
 *
 * Damage never ends the reading: what cannot be read is skipped and counted, and the source can
 * say in one line what it was (`trouble`). All texts of items are valid UTF-8; they may hold
 * control characters, since programs' names may. One thread for a source.
 */
#ifndef TOOLS_READ_SOURCE_H
#define TOOLS_READ_SOURCE_H

#include "item.h"

struct source;

/* NULL: the file cannot be opened, errno says why. "-" is standard input. */
struct source *source_open(const char *path);
void source_close(struct source *source);

/*
 * The next item; false at the end of what is there now (a log may grow: ask again later), and where
 * a signal interrupted the reading. A last line that is not ended yet is left for later.
 */
bool source_next(struct source *source, struct item *item);

/*
 * Nothing more will be written: source_next() now takes what is there of a last line that was never
 * ended for a line, and counts it as damaged where it is none.
 */
void source_end(struct source *source);

/* Bytes read and the size of the file (0: unknown), for progress. */
void source_progress(const struct source *source, uint64_t *done, uint64_t *size);

/* How many lines or events could not be read. Text between the lines of a log is not counted. */
uint64_t source_skipped(const struct source *source);

/* One line, without the file's name, on what could not be read and why; NULL: nothing. The source's. */
const char *source_trouble(struct source *source);

#endif
