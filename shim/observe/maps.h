/*
 * Which file an address is mapped from, as /proc/self/maps has it: for where the loader's list cannot be had
 * (loader.h).
 *
 * Locks: none. Signals: safe. Opens a file; some 3 KB of stack.
 */
#ifndef SPY_OBSERVE_MAPS_H
#define SPY_OBSERVE_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#define SPY_MAPS_PATH 256

struct spy_mapped {
	uintptr_t base; /* where the file's first byte is mapped, which can be read */
	char path[SPY_MAPS_PATH]; /* NUL-ended; a longer one is cut */
};

/* False where no file is mapped there, or none from its first byte on. */
bool spy_maps_find(uintptr_t address, struct spy_mapped *mapped);

#endif
