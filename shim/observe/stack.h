/*
 * Stacks through libunwind, which is opened with dlopen(RTLD_LOCAL) and not linked: its shared
 * object exports `_Unwind_*`, which in the global scope would take over the program's C++
 * exceptions.
 *
 * Locks: none of the shim's; opening takes the loader's. Signals: taking a stack is safe, opening libunwind is not.
 */
#ifndef SPY_OBSERVE_STACK_H
#define SPY_OBSERVE_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Opens libunwind, once. Calls dlopen(), which allocates and takes the loader's lock: never in
 * a signal handler, never with a lock of the shim held. False where there is no libunwind; why
 * is then a static text.
 */
bool spy_stack_open(const char **why);

/*
 * The program's stack, innermost frame first, without the shim's own frames. caller is the
 * hook's return address; it alone is taken where libunwind is missing or sees no further.
 * Returns the number of frames, at most max. Async-signal-safe once opened; about 0.1 us.
 */
size_t spy_stack_take(uintptr_t caller, uintptr_t *frames, size_t max);

/* True while this thread is inside libunwind on the shim's account. */
bool spy_stack_is_taking(void);

#endif
