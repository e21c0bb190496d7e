/*
 * An event: one intercepted call, or one look of the watcher, with all the facts that the core
 * may need about it. Time and facts come in here; the core asks nobody.
 */
#ifndef TCPWAITSPY_EVENT_H
#define TCPWAITSPY_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "calls.h"
#include "states.h"
#include "units.h"

/*
 * An IPv4 or IPv6 endpoint in 24 bytes. IPv4 uses ip[0..3]; a v4-mapped address is IPv6, as
 * the socket is. family 0: unknown. port is in host byte order.
 */
struct spy_addr {
	uint8_t ip[16];
	uint32_t scope_id;
	uint16_t port;
	uint8_t family; /* AF_INET, AF_INET6 or 0 */
	uint8_t pad;
};

/* No value: an argument that was not given, an age that the kernel did not tell. */
#define SPY_UNKNOWN INT64_MIN

/* What the socket options say, where the shim has asked. */
enum spy_option_bits { SPY_OPT_ASKED = 1 << 0, SPY_OPT_REUSEADDR = 1 << 1, SPY_OPT_REUSEPORT = 1 << 2 };

/* Another process, or another descriptor of this one, that holds a connection which was closed here. */
struct spy_holder {
	int32_t pid; /* 0: not found */
	int32_t fd; /* its descriptor in that process */
	char name[16]; /* as in /proc/PID/comm */
};

/* Who holds the port that bind() was refused; all 0 when nobody was found or asked. */
struct spy_port_holders {
	uint32_t time_wait; /* connections of the port in TIME_WAIT */
	uint32_t time_wait_age_ms; /* of the one that has been there longest */
	uint32_t connections; /* in any other state but LISTEN */
	uint32_t listeners;
	struct spy_holder listener; /* pid 0: not found (another user's, or another pid namespace) */
};

struct spy_event {
	enum spy_call_id call;
	enum spy_op op;
	int fd;
	int err; /* errno, 0 on success */
	int64_t ret;
	int64_t arg[SPY_CALL_ARGS]; /* as spy_calls[call].args says; SPY_UNKNOWN: not given */
	struct spy_addr target; /* of bind() and connect() */
	uint32_t tid;

	uint64_t now_ns; /* CLOCK_MONOTONIC, when the call had returned */
	uint64_t wall_ns; /* CLOCK_REALTIME, the same moment */
	uint64_t duration_ns;

	/*
	 * Facts from the kernel. Of the states the core completes what the kernel did not tell:
	 * state_before is what the record knew, state is worked out, source says which.
	 */
	enum spy_state state_before;
	enum spy_state state; /* after the call; UNKNOWN: not told */
	enum spy_state_source source;
	uint64_t dwell_ns; /* time that state_before lasted, where the state changed */
	struct spy_addr local; /* where the call told them, or the kernel was asked; else family 0 */
	struct spy_addr peer;
	bool was_closed; /* the descriptor was closed before, and the kernel says EBADF */
	bool observed_eof; /* READ: an end of file, not a read of no bytes */
	bool peek; /* READ: MSG_PEEK, which leaves the end of file to be read */
	bool before_call; /* the real call has not been made yet */
	bool last_descriptor; /* CLOSE: no other descriptor of this process refers to it */
	uint8_t options; /* enum spy_option_bits, at BIND and LISTEN */
	bool unread_is_alert; /* ... and it is a TLS alert, nothing that the program missed */
	int64_t unread_bytes; /* CLOSE: what was in the receive queue */
	int64_t since_last_ack_ms; /* tcpi_last_ack_recv: in CLOSE_WAIT, the time since the FIN */
	int64_t since_last_sent_ms; /* tcpi_last_data_sent */
	int64_t state_age_ms; /* how long the kernel says that it has been in this state (TIME_WAIT) */
	struct spy_port_holders holders; /* BIND with EADDRINUSE; CONNECT with EADDRNOTAVAIL: of the peer's */
	struct spy_holder holder; /* TICK: of a closed connection that goes on elsewhere */
	bool holder_asked; /* the search was made, whatever it found */
	bool user_is_gone; /* CLOSE: the thread that read or wrote on it last has ended: it was handed over */
	uint32_t in_use_tid; /* CLOSE, TICK: a thread that is blocked in a call on the descriptor; 0: none */
	bool raised_sigpipe; /* WRITE: the program is about to die of SIGPIPE */
	bool no_cloexec; /* EXEC: the new program will have the descriptor */

	uint32_t stack; /* interned (shim/core/stacks.h); 0: none */
	uintptr_t caller; /* return address of the hook; 0: none */
};

#endif
