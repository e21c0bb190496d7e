/*
 * All TCP sockets of a network namespace as the kernel tells them: sock_diag dumps (sock_diag(7)).
 */
#ifndef TOOLS_PS_DUMP_H
#define TOOLS_PS_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/event.h"
#include "../../include/tcpwaitspy/states.h"

#define PS_NO_AGE (-1)

struct ps_socket {
	int state; /* enum spy_state */
	struct spy_addr local;
	struct spy_addr peer;
	uint32_t receive_queue; /* bytes; of a listener connections that wait for accept() */
	uint32_t send_queue; /* bytes; of a listener the limit of them */
	uint32_t inode; /* 0: no descriptor refers to it */
	uint32_t uid;
	int64_t age_ms; /* in this state, as far as the kernel tells it; PS_NO_AGE */
	bool at_least; /* it may be longer: something was sent since the state began */
	int64_t rest_ms; /* until a timer ends the state; PS_NO_AGE */
};

struct ps_list {
	struct ps_socket *sockets;
	size_t count;
	size_t room;
};

/*
 * Appends the sockets whose states are in the mask (1 << enum spy_state). netns is a file such as
 * /proc/PID/ns/net, or NULL for the caller's. False after a line on stderr.
 */
bool ps_dump(struct ps_list *list, uint32_t states, const char *netns);

#endif
