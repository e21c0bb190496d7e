/*
 * Room on the stack. A handler may run on an alternate stack that was made for the program's few
 * hundred bytes (sigaltstack(2)); the shim's work wants some thousand more. There it moves to a
 * stack of its own for as long as it takes.
 *
 * Locks: none. Signals: safe; all of them are blocked while a thread is on such a stack.
 */
#ifndef SPY_CALLS_STACK_ROOM_H
#define SPY_CALLS_STACK_ROOM_H

#include <stdbool.h>

/* body(what, rc), here or on a stack with room, or not at all where there is none. errno is what it was when body begins, and what body leaves. */
long spy_with_room(long (*body)(void *what, long rc), void *what, long rc);

/* The program has to do with alternate stacks: from now on each thread is asked about its own. */
void spy_stack_room_alternate(void);

/* True while this thread is on such a stack, where the program's frames cannot be seen. */
bool spy_in_room(void);

#endif
