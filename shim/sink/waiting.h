/*
 * Lines that wait to be written (flush=buffer).
 *
 * Whoever adds a line takes no lock and blocks no signal: it reserves room, copies the line, and says that it has.
 * Whoever writes them has blocked all signals, shuts the page to new lines under a lock, and waits for those that
 * are being copied, which takes no longer than a thread is kept from running. A handler that interrupts a copy may
 * add lines of its own; it must not wait for the copy that it interrupts, and spy_waiting_may_flush() says so.
 * One that leaves such a copy for ever, by longjmp, costs the line and the page: the page is given up after a
 * while, with what is whole in it written, and without another page no line waits any more.
 */
#ifndef SPY_SINK_WAITING_H
#define SPY_SINK_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPY_WAITING_SIZE 65536u

/* Writes whole lines to where they go. */
typedef void (*spy_write_lines_fn)(const char *text, size_t len);

/* Adds text, which is whole lines and came at now_ns. False where there is no room for it now. */
bool spy_waiting_add(const char *text, size_t len, uint64_t now_ns);

/* When the first line that waits came; 0 where none does. */
uint64_t spy_waiting_since_ns(void);

/* False in a handler that has interrupted a copy of this thread's, and where no line waits any more. */
bool spy_waiting_may_flush(void);

/* Writes all that waits. Returns how many lines were lost with a page that was given up. */
uint64_t spy_waiting_flush(spy_write_lines_fn write_lines);

/* In a fork's child: what waits is the parent's. */
void spy_waiting_forked(void);

#endif
