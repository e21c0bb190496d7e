/*
 * Hooks of the calls that make and configure sockets.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>

#include "../calls/call.h"
#include "../observe/kernel.h"
#include "../preload/real.h"
#include "hooks.h"

bool spy_is_tcp_request(int domain, int type, int protocol)
{
	return (domain == AF_INET || domain == AF_INET6) && (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM &&
	       (protocol == 0 || protocol == IPPROTO_TCP);
}

SPY_EXPORT int socket(int domain, int type, int protocol)
{
	struct spy_call call;
	int rc;

	if (!spy_on || !spy_is_tcp_request(domain, type, protocol))
		return REAL(socket)(domain, type, protocol);
	spy_enter_new(&call, SPY_CALL_socket, -1, SPY_CALLER);
	rc = REAL(socket)(domain, type, protocol);
	call.arg[0] = domain;
	call.arg[1] = type;
	call.arg[2] = protocol;
	return (int)spy_finish_socket(&call, rc);
}

/* SO_LINGER is the one structure that the rules read: its seconds, -1 for off. */
void spy_note_option(struct spy_call *call, long rc, int level, int option, const void *value, socklen_t len)
{
	struct linger linger;
	int number;

	call->arg[0] = level;
	call->arg[1] = option;
	if (rc != 0 || !value)
		return;
	if (level == SOL_SOCKET && option == SO_LINGER && len >= sizeof(linger)) {
		memcpy(&linger, value, sizeof(linger));
		call->arg[2] = linger.l_onoff ? linger.l_linger : -1;
	} else if (len == sizeof(number)) {
		memcpy(&number, value, sizeof(number));
		call->arg[2] = number;
	}
}

SPY_VARIANT int setsockopt_with(__typeof__(&setsockopt) real, int fd, int level, int option, const void *value,
				socklen_t len)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_setsockopt, fd))
		return real(fd, level, option, value, len);
	rc = real(fd, level, option, value, len);
	spy_note_option(&call, rc, level, option, value, len);
	return (int)spy_finish(&call, rc);
}

SPY_EXPORT int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	return setsockopt_with(REAL(setsockopt), fd, level, option, value, len);
}

SPY_VARIANT int getsockopt_with(__typeof__(&getsockopt) real, int fd, int level, int option, void *value,
				socklen_t *len)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_getsockopt, fd))
		return real(fd, level, option, value, len);
	rc = real(fd, level, option, value, len);
	spy_note_option(&call, rc, level, option, value, rc == 0 ? *len : 0);
	return (int)spy_finish(&call, rc);
}

SPY_EXPORT int getsockopt(int fd, int level, int option, void *value, socklen_t *len)
{
	return getsockopt_with(REAL(getsockopt), fd, level, option, value, len);
}

#ifdef SPY_TIME64
SPY_EXPORT int __setsockopt64(int fd, int level, int option, const void *value, socklen_t len)
{
	return setsockopt_with(REAL(__setsockopt64), fd, level, option, value, len);
}

SPY_EXPORT int __getsockopt64(int fd, int level, int option, void *value, socklen_t *len)
{
	return getsockopt_with(REAL(__getsockopt64), fd, level, option, value, len);
}
#endif

/* The program's address is read after the kernel has read it: one that cannot be read is EFAULT by then. */
void spy_note_target(struct spy_call *call, long rc, const struct sockaddr *addr, socklen_t len)
{
	bool was_read = rc == 0 || (errno != EFAULT && errno != EBADF && errno != ENOTSOCK);

	if (was_read && len <= sizeof(struct sockaddr_storage))
		call->target = spy_addr_from(addr, len);
}

SPY_EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_bind, fd))
		return REAL(bind)(fd, addr, len);
	rc = REAL(bind)(fd, addr, len);
	spy_note_target(&call, rc, addr, len);
	return (int)spy_finish(&call, rc);
}

SPY_EXPORT int listen(int fd, int backlog)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_listen, fd))
		return REAL(listen)(fd, backlog);
	rc = REAL(listen)(fd, backlog);
	call.arg[0] = backlog;
	return (int)spy_finish(&call, rc);
}

SPY_EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_connect, fd))
		return REAL(connect)(fd, addr, len);
	rc = REAL(connect)(fd, addr, len);
	spy_note_target(&call, rc, addr, len);
	return (int)spy_finish(&call, rc);
}

SPY_EXPORT int __connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	return connect(fd, addr, len);
}

/*
 * How much room the program has for an address. Read before the real call, which may find len to be no place in
 * memory: so only in the page of the stack in which this function's caller lies, as local variables mostly do. 0: not known.
 */
static inline __attribute__((always_inline)) socklen_t room_for_peer(const socklen_t *len)
{
	const uintptr_t page = 4096;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), first = (uintptr_t)len;

	return (here ^ first) < page && (here ^ (first + sizeof(*len) - 1)) < page ? *len : 0;
}

/*
 * Both accepts. Where the program wants no address, one of ours is asked for in the same call; a
 * listener that the table does not know may still be a TCP one, which the address family tells.
 */
static int accept_with(enum spy_call_id id, int fd, struct sockaddr *addr, socklen_t *len, int flags, uintptr_t caller)
{
	struct sockaddr_storage room;
	socklen_t room_len = sizeof(room);
	struct spy_call call;
	uint32_t slot = spy_table_slot(&spy_core.table, fd);
	int rc;

	if (!spy_on || !slot || !spy_enter_tracked(&call, id, fd, slot, caller))
		spy_enter_new(&call, id, fd, caller);
	/* Families other than TCP's may refuse a connection for which they have no address. */
	if (!addr && call.conn) {
		addr = (struct sockaddr *)&room;
		len = &room_len;
	} else {
		room_len = addr ? room_for_peer(len) : 0;
	}
	rc = id == SPY_CALL_accept ? REAL(accept)(fd, addr, len) : REAL(accept4)(fd, addr, len, flags);
	if (!spy_on || (rc < 0 && !call.conn))
		return rc;
	if (rc >= 0 && !call.conn && spy_kernel_kind(rc) == SPY_KIND_OTHER)
		return rc;
	if (rc >= 0 && addr && *len <= room_len)
		call.peer = spy_addr_from(addr, *len);
	if (id == SPY_CALL_accept4)
		call.arg[0] = flags;
	return (int)spy_finish_accept(&call, rc);
}

SPY_EXPORT int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return accept_with(SPY_CALL_accept, fd, addr, len, 0, SPY_CALLER);
}

SPY_EXPORT int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	return accept_with(SPY_CALL_accept4, fd, addr, len, flags, SPY_CALLER);
}

SPY_EXPORT int shutdown(int fd, int how)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_shutdown, fd))
		return REAL(shutdown)(fd, how);
	spy_before_shutdown(&call);
	rc = REAL(shutdown)(fd, how);
	call.arg[0] = how;
	return (int)spy_finish(&call, rc);
}

static bool fcntl_makes_descriptor(int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC;
}

/*
 * The third argument, a number or a pointer, goes through as it came, and to the very function that was meant:
 * with 32-bit off_t, fcntl() and fcntl64() take locks of different shapes.
 */
static int fcntl_with(__typeof__(&fcntl) real, int fd, int cmd, void *arg, uintptr_t caller)
{
	struct spy_call call;
	uint32_t slot = spy_table_slot(&spy_core.table, fd);
	int rc;

	if (!slot || !spy_enter_tracked(&call, SPY_CALL_fcntl, fd, slot, caller))
		return real(fd, cmd, arg);
	rc = real(fd, cmd, arg);
	call.arg[0] = cmd;
	if (cmd == F_SETFD || cmd == F_SETFL || fcntl_makes_descriptor(cmd))
		call.arg[1] = (int)(intptr_t)arg;
	if (!fcntl_makes_descriptor(cmd))
		return (int)spy_finish(&call, rc);
	call.op = SPY_OP_DUP;
	return (int)spy_finish_dup(&call, rc);
}

#define THIRD_ARGUMENT(arg, last)                                                                                      \
	do {                                                                                                           \
		va_list ap;                                                                                            \
                                                                                                                       \
		va_start(ap, last);                                                                                    \
		(arg) = va_arg(ap, void *);                                                                            \
		va_end(ap);                                                                                            \
	} while (0)

SPY_EXPORT int fcntl(int fd, int cmd, ...)
{
	void *arg;

	THIRD_ARGUMENT(arg, cmd);
	return fcntl_with(REAL(fcntl), fd, cmd, arg, SPY_CALLER);
}

SPY_EXPORT int fcntl64(int fd, int cmd, ...)
{
	void *arg;

	THIRD_ARGUMENT(arg, cmd);
	return fcntl_with(REAL(fcntl64), fd, cmd, arg, SPY_CALLER);
}

SPY_EXPORT int __fcntl(int fd, int cmd, ...)
{
	void *arg;

	THIRD_ARGUMENT(arg, cmd);
	return fcntl_with(REAL(__fcntl), fd, cmd, arg, SPY_CALLER);
}

SPY_VARIANT int ioctl_with(__typeof__(&ioctl) real, int fd, spy_ioctl_request request, void *arg)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_ioctl, fd))
		return real(fd, request, arg);
	rc = real(fd, request, arg);
	call.arg[0] = (int64_t)(uint32_t)request;
	return (int)spy_finish(&call, rc);
}

SPY_EXPORT int ioctl(int fd, spy_ioctl_request request, ...)
{
	void *arg;

	THIRD_ARGUMENT(arg, request);
	return ioctl_with(REAL(ioctl), fd, request, arg);
}

#ifdef SPY_TIME64
SPY_EXPORT int __fcntl_time64(int fd, int cmd, ...)
{
	void *arg;

	THIRD_ARGUMENT(arg, cmd);
	return fcntl_with(REAL(__fcntl_time64), fd, cmd, arg, SPY_CALLER);
}

SPY_EXPORT int __ioctl_time64(int fd, unsigned long request, ...)
{
	void *arg;

	THIRD_ARGUMENT(arg, request);
	return ioctl_with(REAL(__ioctl_time64), fd, request, arg);
}
#endif

SPY_EXPORT int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_getpeername, fd))
		return REAL(getpeername)(fd, addr, len);
	rc = REAL(getpeername)(fd, addr, len);
	return (int)spy_finish(&call, rc);
}

SPY_EXPORT int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_getsockname, fd))
		return REAL(getsockname)(fd, addr, len);
	rc = REAL(getsockname)(fd, addr, len);
	return (int)spy_finish(&call, rc);
}
