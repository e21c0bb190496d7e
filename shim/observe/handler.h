/*
 * Whether this thread is in a signal handler, where it may have interrupted malloc(), and what
 * allocates must wait.
 *
 * Locks: none. Signals: safe, which is the point.
 */
#ifndef SPY_OBSERVE_HANDLER_H
#define SPY_OBSERVE_HANDLER_H

#include <stdbool.h>

/*
 * True in a handler; by mistake sometimes, outside of one, on a stack where an earlier one has left its
 * frame. Async-signal-safe; some microseconds, and the program's handlers are asked for at the first.
 */
bool spy_handler_is_inside(void);

#endif
