/*
 * The state after a call, worked out where the kernel did not tell: seccomp or a namespace
 * refuses, or the descriptor is gone. Source: the state diagram of RFC 9293, 3.3.2.
 */
#ifndef SPY_CORE_INFER_H
#define SPY_CORE_INFER_H

#include "table.h"

/* The state that ev leads to from conn's state as the record has it. Pure. */
enum spy_state spy_infer_state(const struct spy_event *ev, const struct spy_conn *conn);

#endif
