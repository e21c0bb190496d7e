/*
 * The states of a TCP connection as numbers and as names. The numbers are the kernel's,
 * so that tcpi_state and idiag_state need no translation.
 */
#ifndef TCPWAITSPY_STATES_H
#define TCPWAITSPY_STATES_H

#include <stdbool.h>
#include <stdint.h>

enum spy_state {
	SPY_STATE_UNKNOWN = 0,
#define STATE(id, kernel, wait) SPY_STATE_##id = (kernel),
#include "states.def"
	SPY_STATE_COUNT = 12
};

/* How long TIME_WAIT lasts: TCP_TIMEWAIT_LEN of the kernel (linux/include/net/tcp.h), which no setting changes. */
#define SPY_TIME_WAIT_MS 60000

/* Where a state comes from: the kernel said so, or the shim worked it out (`~` in the text log). */
enum spy_state_source { SPY_SOURCE_NONE = 0, SPY_SOURCE_KERNEL, SPY_SOURCE_INFERRED };

/* The name of a state as both logs spell it; "UNKNOWN" for 0 and for values out of range. */
static inline const char *spy_state_name(unsigned int state)
{
	static const char *const names[SPY_STATE_COUNT] = {
#define STATE(id, kernel, wait) [kernel] = #id,
#include "states.def"
	};

	return state < SPY_STATE_COUNT && names[state] ? names[state] : "UNKNOWN";
}

/* True where the state cannot last: our FIN is out, or there is no connection. */
static inline bool spy_state_is_over(unsigned int state)
{
	return state != SPY_STATE_ESTABLISHED && state != SPY_STATE_CLOSE_WAIT && state != SPY_STATE_SYN_RECV;
}

/* True for the states whose time the ledger keeps: the four WAIT states, LAST_ACK and CLOSING. */
static inline bool spy_state_is_wait(unsigned int state)
{
	static const bool wait_states[SPY_STATE_COUNT] = {
#define STATE(id, kernel, wait) [kernel] = (wait),
#include "states.def"
	};

	return state < SPY_STATE_COUNT && wait_states[state];
}

#endif
