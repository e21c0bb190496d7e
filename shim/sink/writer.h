/*
 * The writer: puts whole lines into the log.
 *
 * Owns the buffer of flush=buffer, and the count of what was lost. A line is one write() with
 * O_APPEND, so that threads and processes that share a file do not mix. What cannot be written is
 * counted, never waited for without bound. Never raises a signal, never touches errno.
 *
 * Locks: one of its own for the buffer, taken with all signals blocked; nothing is called with
 * it held. Signals: async-signal-safe.
 */
#ifndef SPY_SINK_WRITER_H
#define SPY_SINK_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* flush=buffer. Called once, before the first line. */
void spy_writer_buffered(bool on);

/* Puts text, which is whole lines. at_once: also past the buffer, with all that waits in it. */
void spy_writer_put(const char *text, size_t len, bool at_once);

/* Writes what waits in the buffer. */
void spy_writer_flush(void);

/* The process ends: the same, and what the log did not take is said on stderr. */
void spy_writer_end(void);

/* Lines that could not be written. */
uint64_t spy_writer_lost(void);

/* In a fork's child: the buffer's contents are the parent's. */
void spy_writer_forked(void);

#endif
