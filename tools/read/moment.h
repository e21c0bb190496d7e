/*
 * Moments: now, and as RFC 3339 writes them, and back.
 */
#ifndef TOOLS_READ_MOMENT_H
#define TOOLS_READ_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/units.h"

#define MOMENT_TEXT 32

/* Nanoseconds since 1970. */
int64_t moment_now(void);

/* Milliseconds of a clock that only goes forward, for how long something takes. */
int64_t moment_uptime_ms(void);

/* "2026-11-22T14:03:22.104512Z", also with an offset and with any number of decimals, to nanoseconds since 1970. */
bool moment_parse(const char *text, int64_t *ns);

/* The same in UTC with `decimals` (0 to 9) of a second. Returns text. */
char *moment_text(int64_t ns, int decimals, char text[MOMENT_TEXT]);

#endif
