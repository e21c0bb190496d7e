/*
 * sock_diag (sock_diag(7)): the kernel's answer about connections by their addresses, also when
 * no descriptor refers to them any more.
 *
 * One netlink socket for the process, opened at the first question and again in a fork's child,
 * whose answers would otherwise mix with its parent's. Locks: one of its own, taken with all
 * signals blocked by the caller; it is the innermost lock of the shim. Leaves errno alone.
 */
#ifndef SPY_OBSERVE_DIAG_H
#define SPY_OBSERVE_DIAG_H

#include "../../include/tcpwaitspy/event.h"

/* net.ipv4.tcp_fin_timeout as it was at the first question: how long FIN_WAIT_2 may last after close(). */
int64_t spy_diag_fin_timeout_ms(void);

/*
 * Keeps a new descriptor out of the program's way; returns where it stands now, or -1 where there is
 * no such place: then it is closed (shim/preload/own.c).
 */
typedef int (*spy_keep_fd_fn)(int fd);

void spy_diag_init(spy_keep_fd_fn keep);

/* The process has changed its network: what connections of the old one do cannot be asked any more. */
void spy_diag_other_network(void);

/* Opens the socket now, while the program still has descriptors to spare. */
void spy_diag_open(void);

/* The descriptor in use, -1 for none; and its new number after it had to move. */
int spy_diag_fd(void);
void spy_diag_moved(int fd);

/* In a fork's child: the socket is the parent's. The caller closes its descriptor. */
void spy_diag_reset(void);

/* What comes with a state. */
struct spy_diag_more {
	int64_t rest_ms; /* what is left of its TIME_WAIT or FIN_WAIT_2 timer; SPY_UNKNOWN: not told */
	uint32_t inode; /* of the socket; 0 where no process has a descriptor of it */
};

/*
 * The state of the connection with these addresses and this cookie (0: any). CLOSED: the kernel does not
 * know it (any more). UNKNOWN: it could not be asked.
 */
enum spy_state spy_diag_state(const struct spy_addr *local, const struct spy_addr *peer, uint64_t cookie,
			      struct spy_diag_more *more);

/* True where the listener with this address and this cookie is there still. */
bool spy_diag_is_listening(const struct spy_addr *local, uint64_t cookie);

/* Who holds local's port; all 0 where nobody does or the kernel could not be asked. Slow: reads /proc. */
void spy_diag_port_holders(const struct spy_addr *local, struct spy_port_holders *holders);

/* Connections of this host to peer's port, by state, whoever has them. */
void spy_diag_peer_connections(const struct spy_addr *peer, struct spy_port_holders *holders);

#endif
