/*
 * Processes that a program left behind and that have not said anything yet: a child that was forked
 * just before its parent ended may not have run so far.
 */
#ifndef TOOLS_RUN_HEIRS_H
#define TOOLS_RUN_HEIRS_H

#include <stdbool.h>

#include "tally.h"

/*
 * Adds to the tally each living process whose TCPWAITSPY_OPTIONS are these, in the command's
 * session alone where others may have the same. How many were added.
 */
unsigned int heirs_find(struct tally *tally, const char *options, bool in_session);

#endif
