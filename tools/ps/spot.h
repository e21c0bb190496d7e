/*
 * A place in the code as a log tells it, and as a person reads it.
 */
#ifndef TOOLS_PS_SPOT_H
#define TOOLS_PS_SPOT_H

#include <stdbool.h>
#include <stdint.h>

#include "../read/item.h"
#include "../symbols/symbols.h"

struct ps_spot {
	char *module; /* NULL: nothing is known */
	char *build_id;
	char *function; /* NULL: the log does not name it */
	uint64_t offset;
	char *text; /* as a person reads it, once that was wanted */
};

/* The innermost frame of a stack. What it takes is given back by ps_spot_free(). */
struct ps_spot ps_spot_of(const struct item_stack *stack);
void ps_spot_free(struct ps_spot *spot);

/* The same offset of the same build. */
bool ps_spot_is(const struct ps_spot *a, const struct ps_spot *b);

/* "handle_client echo.c:11", or what is known; NULL where that is nothing. The spot's. symbols may be NULL. */
const char *ps_spot_text(struct symbols *symbols, struct ps_spot *spot);

#endif
