/*
 * Notes: what an event says about its connection, written into the record. See core.h for locks.
 */
#ifndef SPY_CORE_NOTES_H
#define SPY_CORE_NOTES_H

#include "core.h"

void spy_note(struct spy_core *core, const struct spy_event *ev, struct spy_conn *conn);

/* Whether somebody else holds a connection that was closed here; after its state has moved. */
void spy_note_held(const struct spy_event *ev, struct spy_conn *conn);

/* True for a call that means the connection, and not only its number or the process. */
bool spy_is_use(const struct spy_event *ev);

#endif
