/*
 * The metrics' file: replaced as a whole each time, by a rename over its name, so that a reader never
 * sees a part of it.
 *
 * It is found through a descriptor of its directory that was opened at the start, so that chroot()
 * changes nothing; a process that has become another user must be allowed to write in that directory.
 * Locks: one over the file, taken with signals blocked and no other lock held. Signals: safe.
 */
#ifndef SPY_SINK_METRICS_FILE_H
#define SPY_SINK_METRICS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../spell/buf.h"

/* How it is set up; texts stay the caller's until the call returns. */
struct spy_metrics_file_config {
	const char *path; /* with %p and %e; "" for none */
	const char *program; /* for %e */
	int (*keep_fd)(int fd); /* puts a new descriptor out of the program's way; -1: there was no room */
	void (*drop_fd)(int fd); /* closes one of those */
};

/* Opens the directory. What went wrong becomes a line in complaints, and there is no file then. */
void spy_metrics_file_open(const struct spy_metrics_file_config *config, int32_t pid, struct spy_buf *complaints);

/*
 * Replaces the file. turn grows with the age of what is written: a text that is older than the file's
 * is dropped, which happens where two threads write at once. The first failure is said on stderr, all
 * are counted.
 */
void spy_metrics_file_write(const char *text, size_t len, uint64_t turn);
uint64_t spy_metrics_file_failures(void);

/*
 * In a fork's child, which has a file of its own: by %p, or else by its pid before a last ".prom", or
 * behind the name. The parent's file stays the parent's.
 */
void spy_metrics_file_forked(int32_t pid);

/* The directory's descriptor, -1 for none; and its new number after it had to move. */
int spy_metrics_file_fd(void);
void spy_metrics_file_moved(int fd);

#endif
