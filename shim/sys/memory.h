/*
 * This process's own memory, read through the kernel: where it cannot be read that is an error and no
 * fault, and where another function has left it uninitialised no sanitizer minds.
 *
 * Locks: none. Signals: safe.
 */
#ifndef SPY_SYS_MEMORY_H
#define SPY_SYS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copies len bytes from an address. Returns how many could be read; -EFAULT for none; another -errno where
 * the kernel does not answer (an architecture that is not known here, a filter). Async-signal-safe.
 */
long spy_memory_copy(void *to, uintptr_t from, size_t len);

/* False where the byte at an address cannot be read; true also where the kernel does not answer. */
bool spy_memory_can_read(const void *address);

#endif
