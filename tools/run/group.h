/*
 * Tells whether a signal came to the whole process group or to the command alone: kill() says
 * neither. A process of the group that blocks everything and does nothing shows it: a signal to the
 * group is pending there.
 */
#ifndef TOOLS_RUN_GROUP_H
#define TOOLS_RUN_GROUP_H

#include <stdbool.h>

/* Starts that process, with all signals blocked in the caller. Without it no signal counts as the group's. */
void group_begin(void);
void group_end(void);

/* Whether this is that process. */
bool group_is_bystander(int pid);

/* True where sig, which has just come to the command, came to the group; once for each time. */
bool group_got(int sig);

#endif
