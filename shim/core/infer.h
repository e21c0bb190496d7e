/*
 * The state after a call, worked out where the kernel did not tell: seccomp or a namespace
 * refuses, or the descriptor is gone. Source: the state diagram of RFC 9293, 3.3.2.
 *
 * Pure. Locks: none. Signals: safe.
 */
#ifndef SPY_CORE_INFER_H
#define SPY_CORE_INFER_H

#include "table.h"

/* The state that ev leads to from conn's state as the record has it. Pure. */
enum spy_state spy_infer_state(const struct spy_event *ev, const struct spy_conn *conn);

/*
 * True where no connection goes from the state that the record has from the kernel to the one in ev, which is
 * the kernel's, too: then the descriptor has become another connection's, unseen.
 */
bool spy_infer_is_another(const struct spy_event *ev, const struct spy_conn *conn);

#endif
