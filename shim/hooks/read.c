/*
 * Hooks of the calls that read.
 */
#include <string.h>
#include <sys/socket.h>

#include "../calls/call.h"
#include "../preload/probe.h"
#include "../preload/real.h"
#include "hooks.h"

/* Arguments and end of file of a read with a length; a read of no bytes returns 0, too. */
static long finish_read(struct spy_call *call, long rc, size_t len, int64_t flags)
{
	call->arg[0] = (int64_t)len;
	call->arg[1] = flags;
	call->observed_eof = rc == 0 && len > 0;
	return spy_finish_data(call, rc);
}

/* Read after the kernel has read it, so that it can be. */
bool spy_has_room(const struct iovec *iov, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (iov[i].iov_len)
			return true;
	return false;
}

SPY_EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_recv, fd))
		return REAL(recv)(fd, buf, len, flags);
	rc = REAL(recv)(fd, buf, len, flags);
	return finish_read(&call, rc, len, flags);
}

SPY_EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t buflen, int flags)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_recv, fd))
		return REAL(__recv_chk)(fd, buf, len, buflen, flags);
	rc = REAL(__recv_chk)(fd, buf, len, buflen, flags);
	return finish_read(&call, rc, len, flags);
}

SPY_EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr, socklen_t *addrlen)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_recvfrom, fd))
		return REAL(recvfrom)(fd, buf, len, flags, addr, addrlen);
	rc = REAL(recvfrom)(fd, buf, len, flags, addr, addrlen);
	return finish_read(&call, rc, len, flags);
}

SPY_EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t buflen, int flags, struct sockaddr *addr,
				  socklen_t *addrlen)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_recvfrom, fd))
		return REAL(__recvfrom_chk)(fd, buf, len, buflen, flags, addr, addrlen);
	rc = REAL(__recvfrom_chk)(fd, buf, len, buflen, flags, addr, addrlen);
	return finish_read(&call, rc, len, flags);
}

void spy_adopt_rights(const struct msghdr *msg)
{
	const struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg;
	     cmsg = CMSG_NXTHDR((struct msghdr *)(uintptr_t)msg, (struct cmsghdr *)(uintptr_t)cmsg)) {
		size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(fd), sizeof(fd));
			spy_adopt(fd, true);
		}
	}
}

SPY_VARIANT ssize_t recvmsg_with(__typeof__(&recvmsg) real, int fd, struct msghdr *msg, int flags)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_recvmsg, fd)) {
		rc = real(fd, msg, flags);
		if (rc >= 0 && msg->msg_controllen && spy_on)
			spy_adopt_rights(msg);
		return rc;
	}
	rc = real(fd, msg, flags);
	call.arg[0] = flags;
	call.observed_eof = rc == 0 && !(flags & MSG_ERRQUEUE) && spy_has_room(msg->msg_iov, msg->msg_iovlen);
	return spy_finish_data(&call, rc);
}

SPY_EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	return recvmsg_with(REAL(recvmsg), fd, msg, flags);
}

SPY_VARIANT int recvmmsg_with(__typeof__(&recvmmsg) real, int fd, struct mmsghdr *msgs, unsigned int count,
			      spy_mmsg_flags flags, struct timespec *timeout)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_recvmmsg, fd)) {
		rc = real(fd, msgs, count, flags, timeout);
		for (int i = 0; i < rc && spy_on; i++)
			spy_adopt_rights(&msgs[i].msg_hdr);
		return rc;
	}
	rc = real(fd, msgs, count, flags, timeout);
	call.arg[0] = count;
	call.arg[1] = flags;
	/* It returns messages and not bytes: an end of file is a message of none. */
	call.observed_eof = rc > 0 && msgs[rc - 1].msg_len == 0 && !(flags & MSG_ERRQUEUE);
	return (int)spy_finish_data(&call, rc);
}

SPY_EXPORT int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int count, spy_mmsg_flags flags,
			struct timespec *timeout)
{
	return recvmmsg_with(REAL(recvmmsg), fd, msgs, count, flags, timeout);
}

#ifdef SPY_TIME64
SPY_EXPORT ssize_t __recvmsg64(int fd, struct msghdr *msg, int flags)
{
	return recvmsg_with(REAL(__recvmsg64), fd, msg, flags);
}

SPY_EXPORT int __recvmmsg64(int fd, struct mmsghdr *msgs, unsigned int count, spy_mmsg_flags flags,
			    struct timespec *timeout)
{
	return recvmmsg_with(REAL(__recvmmsg64), fd, msgs, count, flags, timeout);
}
#endif

__attribute__((noinline)) static ssize_t read_tracked(int fd, void *buf, size_t len, uintptr_t caller)
{
	uint32_t slot = spy_table_slot(&spy_core.table, fd);
	struct spy_call call;
	ssize_t rc;

	if (spy_is_probe(fd))
		return spy_probe_read();
	if (!slot || !spy_enter_tracked(&call, SPY_CALL_read, fd, slot, caller))
		return REAL(read)(fd, buf, len);
	rc = REAL(read)(fd, buf, len);
	return finish_read(&call, rc, len, SPY_UNKNOWN);
}

SPY_EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	return spy_is_untracked(fd) ? REAL(read)(fd, buf, len) : read_tracked(fd, buf, len, SPY_CALLER);
}

SPY_EXPORT ssize_t __read(int fd, void *buf, size_t len)
{
	return spy_is_untracked(fd) ? REAL(read)(fd, buf, len) : read_tracked(fd, buf, len, SPY_CALLER);
}

SPY_EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t buflen)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_read, fd))
		return REAL(__read_chk)(fd, buf, len, buflen);
	rc = REAL(__read_chk)(fd, buf, len, buflen);
	return finish_read(&call, rc, len, SPY_UNKNOWN);
}

SPY_EXPORT ssize_t readv(int fd, const struct iovec *iov, int count)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_readv, fd))
		return REAL(readv)(fd, iov, count);
	rc = REAL(readv)(fd, iov, count);
	call.arg[0] = count;
	call.observed_eof = rc == 0 && spy_has_room(iov, (size_t)count);
	return spy_finish_data(&call, rc);
}
