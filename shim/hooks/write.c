/*
 * Hooks of the calls that write, and of splice(), which does either.
 */
#include <fcntl.h>
#include <stdarg.h>

#include "../calls/call.h"
#include "../preload/probe.h"
#include "../preload/real.h"
#include "hooks.h"

static long finish_write(struct spy_call *call, long rc, size_t len, int64_t flags)
{
	call->arg[0] = (int64_t)len;
	call->arg[1] = flags;
	return spy_finish_data(call, rc);
}

SPY_VARIANT ssize_t send_with(int fd, const void *buf, size_t len, int flags)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_send, fd))
		return REAL(send)(fd, buf, len, flags);
	spy_before_write(&call);
	rc = REAL(send)(fd, buf, len, flags);
	return finish_write(&call, rc, len, flags);
}

SPY_EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return send_with(fd, buf, len, flags);
}

SPY_EXPORT ssize_t __send(int fd, const void *buf, size_t len, int flags)
{
	return send_with(fd, buf, len, flags);
}

SPY_EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
			  socklen_t addrlen)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_sendto, fd))
		return REAL(sendto)(fd, buf, len, flags, addr, addrlen);
	spy_before_write(&call);
	rc = REAL(sendto)(fd, buf, len, flags, addr, addrlen);
	return finish_write(&call, rc, len, flags);
}

SPY_VARIANT ssize_t sendmsg_with(__typeof__(&sendmsg) real, int fd, const struct msghdr *msg, int flags)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_sendmsg, fd))
		return real(fd, msg, flags);
	spy_before_write(&call);
	rc = real(fd, msg, flags);
	call.arg[0] = flags;
	return spy_finish_data(&call, rc);
}

SPY_EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return sendmsg_with(REAL(sendmsg), fd, msg, flags);
}

SPY_VARIANT int sendmmsg_with(__typeof__(&sendmmsg) real, int fd, struct mmsghdr *msgs, unsigned int count,
			      spy_mmsg_flags flags)
{
	struct spy_call call;
	int rc;

	if (!spy_enter(&call, SPY_CALL_sendmmsg, fd))
		return real(fd, msgs, count, flags);
	spy_before_write(&call);
	rc = real(fd, msgs, count, flags);
	return (int)finish_write(&call, rc, count, flags);
}

SPY_EXPORT int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int count, spy_mmsg_flags flags)
{
	return sendmmsg_with(REAL(sendmmsg), fd, msgs, count, flags);
}

#ifdef SPY_TIME64
SPY_EXPORT ssize_t __sendmsg64(int fd, const struct msghdr *msg, int flags)
{
	return sendmsg_with(REAL(__sendmsg64), fd, msg, flags);
}

SPY_EXPORT int __sendmmsg64(int fd, struct mmsghdr *msgs, unsigned int count, spy_mmsg_flags flags)
{
	return sendmmsg_with(REAL(__sendmmsg64), fd, msgs, count, flags);
}
#endif

__attribute__((noinline)) static ssize_t write_tracked(int fd, const void *buf, size_t len, uintptr_t caller)
{
	uint32_t slot = spy_table_slot(&spy_core.table, fd);
	struct spy_call call;
	ssize_t rc;

	if (spy_is_probe(fd))
		return spy_probe_write(buf);
	if (!slot || !spy_enter_tracked(&call, SPY_CALL_write, fd, slot, caller))
		return REAL(write)(fd, buf, len);
	spy_before_write(&call);
	rc = REAL(write)(fd, buf, len);
	return finish_write(&call, rc, len, SPY_UNKNOWN);
}

SPY_EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	return spy_is_untracked(fd) ? REAL(write)(fd, buf, len) : write_tracked(fd, buf, len, SPY_CALLER);
}

SPY_EXPORT ssize_t __write(int fd, const void *buf, size_t len)
{
	return spy_is_untracked(fd) ? REAL(write)(fd, buf, len) : write_tracked(fd, buf, len, SPY_CALLER);
}

SPY_EXPORT ssize_t writev(int fd, const struct iovec *iov, int count)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_writev, fd))
		return REAL(writev)(fd, iov, count);
	spy_before_write(&call);
	rc = REAL(writev)(fd, iov, count);
	return finish_write(&call, rc, (size_t)count, SPY_UNKNOWN);
}

SPY_EXPORT ssize_t sendfile(int out_fd, int in_fd, off_t *offset, size_t len)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_sendfile, out_fd))
		return REAL(sendfile)(out_fd, in_fd, offset, len);
	spy_before_write(&call);
	rc = REAL(sendfile)(out_fd, in_fd, offset, len);
	return finish_write(&call, rc, (size_t)in_fd, (int64_t)len);
}

SPY_EXPORT ssize_t sendfile64(int out_fd, int in_fd, off64_t *offset, size_t len)
{
	struct spy_call call;
	ssize_t rc;

	if (!spy_enter(&call, SPY_CALL_sendfile, out_fd))
		return REAL(sendfile64)(out_fd, in_fd, offset, len);
	spy_before_write(&call);
	rc = REAL(sendfile64)(out_fd, in_fd, offset, len);
	return finish_write(&call, rc, (size_t)in_fd, (int64_t)len);
}

/* The socket is the source of the data, or where it goes. */
SPY_EXPORT ssize_t splice(int in_fd, off64_t *in_offset, int out_fd, off64_t *out_offset, size_t len,
			  unsigned int flags)
{
	struct spy_call call;
	ssize_t rc;

	if (spy_enter(&call, SPY_CALL_splice, in_fd)) {
		rc = REAL(splice)(in_fd, in_offset, out_fd, out_offset, len, flags);
		call.op = SPY_OP_READ;
		call.arg[0] = out_fd;
		call.arg[1] = (int64_t)len;
		call.observed_eof = rc == 0 && len > 0;
		return spy_finish_data(&call, rc);
	}
	if (!spy_enter(&call, SPY_CALL_splice, out_fd))
		return REAL(splice)(in_fd, in_offset, out_fd, out_offset, len, flags);
	spy_before_write(&call);
	rc = REAL(splice)(in_fd, in_offset, out_fd, out_offset, len, flags);
	return finish_write(&call, rc, (size_t)in_fd, (int64_t)len);
}

/* dprintf() is vdprintf() of its arguments; so is each fortified variant of its own kind. */
static int print_to(int fd, int flag, bool fortified, const char *format, va_list ap, enum spy_call_id id,
		    uintptr_t caller)
{
	uint32_t slot = spy_table_slot(&spy_core.table, fd);
	struct spy_call call;
	bool tracked = slot && spy_enter_tracked(&call, id, fd, slot, caller);
	int rc;

	if (tracked)
		spy_before_write(&call);
	rc = fortified ? REAL(__vdprintf_chk)(fd, flag, format, ap) : REAL(vdprintf)(fd, format, ap);
	return tracked ? (int)spy_finish_data(&call, rc) : rc;
}

SPY_EXPORT int dprintf(int fd, const char *format, ...)
{
	va_list ap;
	int rc;

	va_start(ap, format);
	rc = print_to(fd, 0, false, format, ap, SPY_CALL_dprintf, SPY_CALLER);
	va_end(ap);
	return rc;
}

SPY_EXPORT int vdprintf(int fd, const char *format, va_list ap)
{
	return print_to(fd, 0, false, format, ap, SPY_CALL_vdprintf, SPY_CALLER);
}

SPY_EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	va_list ap;
	int rc;

	va_start(ap, format);
	rc = print_to(fd, flag, true, format, ap, SPY_CALL_dprintf, SPY_CALLER);
	va_end(ap);
	return rc;
}

SPY_EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list ap)
{
	return print_to(fd, flag, true, format, ap, SPY_CALL_vdprintf, SPY_CALLER);
}
