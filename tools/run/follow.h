/*
 * Follows the JSON log of a running program: a private file that nobody else can read, or the files
 * that the user's own `log=` names. What was in them before is not told again.
 *
 * A private log's space is given back as it is read. One thread.
 */
#ifndef TOOLS_RUN_FOLLOW_H
#define TOOLS_RUN_FOLLOW_H

#include <stdbool.h>

#include "../read/source.h"

struct follow;

typedef void follow_item(const struct item *item, void *data);

/* A new file 0600 in a new directory 0700. NULL after a line on stderr. */
struct follow *follow_private(void);

/* The files that template (of `log`: %p, %e, %%) names. NULL after a line on stderr. */
struct follow *follow_template(const char *template);

/* Of a private log: its path. */
const char *follow_path(const struct follow *follow);

/* Readable when there may be more: poll it and call follow_read(). */
int follow_fd(const struct follow *follow);

/* Gives every item that has come to take(). */
void follow_read(struct follow *follow, follow_item *take, void *data);

/* Of a private log: copies the whole lines that have come to fd as they are. */
void follow_copy(struct follow *follow, int fd);

/* Nothing more is written: a last line that was cut by the writer's death is taken, too. */
void follow_finish(struct follow *follow, follow_item *take, void *data);

/* Lines that could not be read, over all files. */
uint64_t follow_skipped(const struct follow *follow);

/* keep leaves a private log where it is. */
void follow_end(struct follow *follow, bool keep);

#endif
