/*
 * A flight record as a test reads it: through the command's own reader, each item copied.
 */
#ifndef SUPPORT_RECORD_H
#define SUPPORT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_item {
	int type; /* enum item_type */
	int pid;
	int tid;
	int64_t ts_ns;
	uint64_t conn;
	int state; /* enum spy_state */
	int64_t ret; /* of a call */
	const char *name; /* the call, the rule, or the program's file; NULL: none */
};

struct record {
	struct record_item *items;
	size_t count;
	uint64_t skipped;
	const char *trouble; /* NULL: none */
};

/* Options for a record at path, and a log that says nothing on standard error; further ones where there are any. */
const char *record_options(const char *path, const char *further);

/* Fails the test where the file is not there. */
struct record record_read(const char *path);
/* For tests that read many; else it lives as long as the test program. */
void record_free(struct record *record);

/* How many items are of a type, and of a process where pid is not 0, and have this name where it is not NULL. */
size_t record_count(const struct record *record, int type, int pid, const char *name);

#endif
