/*
 * Snapshots for the metrics file: what the core knows at one moment, with the names of places, written
 * in the watcher's rhythm from the first TCP socket of a process on.
 *
 * Called with signals blocked and no lock held. Takes the core's lock, the loader's (for names) and
 * the file's, one after another and never two at once.
 */
#ifndef SPY_REPORT_SNAPSHOT_H
#define SPY_REPORT_SNAPSHOT_H

#include "../core/counts.h"
#include "../preload/spy.h"

/* How often each call was made; NULL where nobody wants to know. */
extern struct spy_counts *spy_counts;

/* Opens what `metrics` names; what went wrong becomes a line in complaints. Called by the constructor. */
void spy_snapshot_init(struct spy_buf *complaints);

/* The process has a TCP socket: from now on there is a file. */
void spy_snapshot_begin(void);

/* Writes the file, if there is to be one; is_over: for the last time. */
void spy_snapshot_write(bool is_over);

/* In a fork's child: it has no file before its first socket, and then one of its own. */
void spy_snapshot_forked(void);

#endif
