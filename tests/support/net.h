/*
 * The network of a test: a namespace of its own in which it may drop packets, and what the kernel
 * says about the connections in it.
 */
#ifndef SUPPORT_NET_H
#define SUPPORT_NET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Puts the test process, and so all that it starts from now on, into a new network namespace with
 * nothing but a loopback interface: its ports, and its connections in TIME_WAIT, are the test's
 * own. Where that is refused the network stays as it is. Each test's setup calls it.
 */
void net_setup(void);
/* Skips the test with the reason where it has no network of its own. */
void net_own(void);
/*
 * True where that took a user namespace, for want of root: what runs is root by name, and may not
 * become another user.
 */
bool net_is_unprivileged(void);

/*
 * Drops arriving TCP packets that match an nftables expression such as "tcp dport 80". Needs
 * net_own(); skips the test where nft is not there or is refused.
 */
void net_drop(const char *expression);
/* Drops nothing any more. */
void net_drop_nothing(void);
/* A setting below net/ipv4, of this namespace only. Skips the test where it cannot be set. */
void net_set(const char *name, const char *value);

/* A port that nobody on 127.0.0.1 uses now. */
uint16_t net_free_port(void);

/* Any port of net_count() and net_wait(). */
#define NET_ANY 0

/*
 * How many sockets the kernel has in a state (its name as in the logs) with this local and this
 * remote port; IPv4 and IPv6.
 */
int net_count(const char *state, uint16_t local_port, uint16_t remote_port);
/* Waits until there are exactly `count` of them. */
void net_wait(const char *state, uint16_t local_port, uint16_t remote_port, int count);
/*
 * Waits until somebody listens on the port; makes no connection, so that none is counted. Fails
 * the test at once, with its standard error, where the process that should listen has ended.
 */
struct run_process;
void net_wait_listener(uint16_t port, struct run_process *server);

/* Connections opened with connect() in this namespace since it was made (RFC 4022, tcpActiveOpens). */
long net_active_opens(void);

#endif
