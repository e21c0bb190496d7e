/*
 * What the kernel says about a socket that this process has a descriptor of. Every function is
 * one or two system calls, async-signal-safe, leaves errno alone and takes no lock.
 */
#ifndef SPY_OBSERVE_KERNEL_H
#define SPY_OBSERVE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "../../include/tcpwaitspy/event.h"

/* Of getsockopt(TCP_INFO) (tcp(7)); the ages are SPY_UNKNOWN where the kernel did not tell. */
struct spy_tcp {
	enum spy_state state;
	int64_t since_last_ack_ms; /* tcpi_last_ack_recv: in CLOSE_WAIT, the time since the FIN */
	int64_t since_last_sent_ms; /* tcpi_last_data_sent */
};

/* Fills tcp. Returns 0 or -errno; then the state is UNKNOWN. */
int spy_kernel_tcp(int fd, struct spy_tcp *tcp);

/* What a descriptor is. */
enum spy_kind { SPY_KIND_OTHER, SPY_KIND_TCP, SPY_KIND_TCP_LISTENER };
enum spy_kind spy_kernel_kind(int fd);

/* Bytes in the receive queue (SIOCINQ, tcp(7)); -errno on failure (-EINVAL for a listener). */
int64_t spy_kernel_unread(int fd);

/*
 * True where the queue holds nothing but one TLS alert of that many bytes (RFC 8446, 6): the peer's
 * close_notify, which many clients leave unread when they close. Looks at the record's header only.
 */
bool spy_kernel_is_tls_alert(int fd, int64_t unread);

/* SO_COOKIE, a number that names this socket for ever (Linux 4.12); 0 where there is none. */
uint64_t spy_kernel_cookie(int fd);

/* The inode of what fd refers to, as in /proc/PID/fd's "socket:[INODE]"; 0 where it cannot be told. */
uint64_t spy_kernel_inode(int fd);

/* SO_REUSEADDR and SO_REUSEPORT as enum spy_option_bits; 0 where the kernel does not answer. */
uint8_t spy_kernel_options(int fd);

/* getsockname() and getpeername(); family 0 where there is none. */
struct spy_addr spy_kernel_local(int fd);
struct spy_addr spy_kernel_peer(int fd);

/* An address of the sockets API as ours; family 0 where it is too short or of another family. */
struct spy_addr spy_addr_from(const struct sockaddr *addr, socklen_t len);

/* True for 0.0.0.0 and ::, where a listener waits on every address. */
bool spy_addr_is_any(const struct spy_addr *addr);

/*
 * The clocks are libc's own, whoever else is preloaded: a library that makes up the time (libfaketime) would count our
 * questions as the program's. Call once, in the constructor: it calls dlopen().
 */
void spy_clock_init(void);

/* CLOCK_MONOTONIC and CLOCK_REALTIME in ns. */
uint64_t spy_clock_now(void);
uint64_t spy_clock_wall(void);
/* CLOCK_REALTIME at a moment of CLOCK_MONOTONIC that is now: the clock is asked once in a millisecond only. */
uint64_t spy_clock_wall_at(uint64_t now_ns);

/* CLOCK_MONOTONIC as it was at the last tick, some milliseconds ago; a third of the price. */
uint64_t spy_clock_tick(void);

/* Effective user; -1, which is nobody, where a filter keeps it from us. */
uint32_t spy_kernel_euid(void);

/* gettid() and getpid() without libc's wrappers. */
uint32_t spy_kernel_tid(void);
int32_t spy_kernel_pid(void);

/* True where fd is open in this process. */
bool spy_kernel_is_open(int fd);

#endif
