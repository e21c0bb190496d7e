/*
 * The hook of syscall(): the same calls, made by number. Each is treated as the call that it is;
 * the real one stays syscall(), which is no cancellation point.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "../calls/call.h"
#include "../observe/kernel.h"
#include "../preload/own.h"
#include "../preload/probe.h"
#include "../preload/real.h"
#include "hooks.h"

#define NO_FLAGS (-1) /* this call has none */

struct by_number {
	long number;
	enum spy_call_id id;
	int8_t length; /* index of the argument that counts bytes, buffers or messages */
	int8_t flags; /* index of the flags */
};

/* The calls whose arguments the log knows by their place. */
static const struct by_number data_calls[] = {
#ifdef SYS_recvfrom
	{SYS_recvfrom, SPY_CALL_recvfrom, 2, 3},      {SYS_recvmsg, SPY_CALL_recvmsg, 2, NO_FLAGS},
	{SYS_recvmmsg, SPY_CALL_recvmmsg, 2, 3},      {SYS_sendto, SPY_CALL_sendto, 2, 3},
	{SYS_sendmsg, SPY_CALL_sendmsg, 2, NO_FLAGS}, {SYS_sendmmsg, SPY_CALL_sendmmsg, 2, 3},
#endif
	{SYS_read, SPY_CALL_read, 2, NO_FLAGS},	      {SYS_readv, SPY_CALL_readv, 2, NO_FLAGS},
	{SYS_write, SPY_CALL_write, 2, NO_FLAGS},     {SYS_writev, SPY_CALL_writev, 2, NO_FLAGS},
	{SYS_sendfile, SPY_CALL_sendfile, 1, 3},
};

/* Calls on one descriptor whose arguments are numbers, options or an address. */
static const struct {
	long number;
	enum spy_call_id id;
} plain_calls[] = {
#ifdef SYS_socket
	{SYS_bind, SPY_CALL_bind},
	{SYS_listen, SPY_CALL_listen},
	{SYS_connect, SPY_CALL_connect},
	{SYS_shutdown, SPY_CALL_shutdown},
	{SYS_setsockopt, SPY_CALL_setsockopt},
	{SYS_getsockopt, SPY_CALL_getsockopt},
	{SYS_getpeername, SPY_CALL_getpeername},
	{SYS_getsockname, SPY_CALL_getsockname},
#endif
	{SYS_dup, SPY_CALL_dup},
	{SYS_fcntl, SPY_CALL_fcntl},
	{SYS_ioctl, SPY_CALL_ioctl},
};

static long real_call(long number, const long *a)
{
	return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* mode: PR_SET_SECCOMP's; 0 where the call is about something else. */
static long seccomp_call(long number, const long *a, unsigned long mode, long filter)
{
	bool added = spy_before_seccomp(mode, (const void *)filter);
	long rc = real_call(number, a);

	spy_after_seccomp(added, rc);
	return rc;
}

/* An end of file: no bytes where some were asked for. recvmmsg() counts messages, as its hook does. */
static bool is_eof(const struct by_number *row, const long *a, long rc)
{
	if (row->id == SPY_CALL_recvmmsg)
		return rc > 0 && ((const struct mmsghdr *)a[1])[rc - 1].msg_len == 0;
	if (row->id == SPY_CALL_recvmsg) {
		const struct msghdr *msg = (const struct msghdr *)a[1];

		return rc == 0 && spy_has_room(msg->msg_iov, msg->msg_iovlen);
	}
	if (row->id == SPY_CALL_readv)
		return rc == 0 && spy_has_room((const struct iovec *)a[1], (size_t)a[2]);
	return rc == 0 && a[row->length] > 0;
}

static long data_call(const struct by_number *row, const long *a, uintptr_t caller)
{
	uint32_t slot = spy_table_slot(&spy_core.table, (int)a[0]);
	struct spy_call call;
	long rc;

	if (spy_is_probe((int)a[0]))
		return row->id == SPY_CALL_write ? spy_probe_write((const void *)a[1]) : spy_probe_read();
	if (!slot || !spy_enter_tracked(&call, row->id, (int)a[0], slot, caller)) {
		rc = real_call(row->number, a);
		if (row->id == SPY_CALL_recvmsg && rc >= 0 && spy_on)
			spy_adopt_rights((const struct msghdr *)a[1]);
		return rc;
	}
	if (call.op == SPY_OP_WRITE)
		spy_before_write(&call);
	rc = real_call(row->number, a);
	call.arg[0] = a[row->length];
	if (row->flags != NO_FLAGS)
		call.arg[1] = a[row->flags];
	if (call.op == SPY_OP_READ)
		call.observed_eof = is_eof(row, a, rc);
	return spy_finish_data(&call, rc);
}

static long close_call(const long *a, uintptr_t caller)
{
	struct spy_closing closing;
	int fd = (int)a[0];

	if (spy_own_is(fd) && !spy_in_vfork_child())
		return 0;
	spy_close_begin(&closing, SPY_CALL_close, fd, caller);
	return spy_close_end(&closing, real_call(SYS_close, a));
}

static long accept_call(enum spy_call_id id, long number, const long *a, uintptr_t caller)
{
	uint32_t slot = spy_table_slot(&spy_core.table, (int)a[0]);
	struct spy_call call;
	long rc;

	if (!slot || !spy_enter_tracked(&call, id, (int)a[0], slot, caller))
		spy_enter_new(&call, id, (int)a[0], caller);
	rc = real_call(number, a);
	if (!spy_on || (!call.conn && (rc < 0 || spy_kernel_kind((int)rc) == SPY_KIND_OTHER)))
		return rc;
	if (id == SPY_CALL_accept4)
		call.arg[0] = a[3];
	return spy_finish_accept(&call, rc);
}

static long socket_call(const long *a, uintptr_t caller)
{
	struct spy_call call;
	long rc;

	if (!spy_on || !spy_is_tcp_request((int)a[0], (int)a[1], (int)a[2]))
		return real_call(SYS_socket, a);
	spy_enter_new(&call, SPY_CALL_socket, -1, caller);
	rc = real_call(SYS_socket, a);
	for (int i = 0; i < SPY_CALL_ARGS; i++)
		call.arg[i] = a[i];
	return spy_finish_socket(&call, rc);
}

static bool is_dup(long number, const long *a)
{
	return number == SYS_dup || (number == SYS_fcntl && (a[1] == F_DUPFD || a[1] == F_DUPFD_CLOEXEC));
}

static long plain_call(enum spy_call_id id, long number, const long *a, uintptr_t caller)
{
	uint32_t slot = spy_table_slot(&spy_core.table, (int)a[0]);
	struct spy_call call;
	long rc;

	if (!slot || !spy_enter_tracked(&call, id, (int)a[0], slot, caller))
		return real_call(number, a);
	if (id == SPY_CALL_shutdown)
		spy_before_shutdown(&call);
	rc = real_call(number, a);
	if (id == SPY_CALL_setsockopt)
		spy_note_option(&call, rc, (int)a[1], (int)a[2], (const void *)a[3], (socklen_t)a[4]);
	else if (id == SPY_CALL_getsockopt)
		spy_note_option(&call, rc, (int)a[1], (int)a[2], (const void *)a[3],
				rc == 0 ? *(const socklen_t *)a[4] : 0);
	else if (id == SPY_CALL_bind || id == SPY_CALL_connect)
		spy_note_target(&call, rc, (const struct sockaddr *)a[1], (socklen_t)a[2]);
	else if (id != SPY_CALL_dup && spy_calls[id].op != SPY_OP_NAME)
		call.arg[0] = a[1];
	if (!is_dup(number, a))
		return spy_finish(&call, rc);
	call.op = SPY_OP_DUP;
	return spy_finish_dup(&call, rc);
}

/* The calls with a way of their own; those that no row and no case knows go through as they are. */
static long other_call(long number, const long *a, uintptr_t caller)
{
	switch (number) {
	case SYS_close:
		return close_call(a, caller);
#ifdef SYS_close_range
	case SYS_close_range:
		return close_range((unsigned int)a[0], (unsigned int)a[1], (int)a[2]);
#endif
#ifdef SYS_dup2
	case SYS_dup2:
		return dup2((int)a[0], (int)a[1]);
#endif
	case SYS_unshare:
		return unshare((int)a[0]);
	case SYS_setns:
		return setns((int)a[0], (int)a[1]);
	case SYS_dup3:
		return dup3((int)a[0], (int)a[1], (int)a[2]);
#ifdef SYS_seccomp
	case SYS_seccomp:
		/* SECCOMP_SET_MODE_STRICT is 0 and SECCOMP_SET_MODE_FILTER is 1: one less than prctl()'s modes. */
		return seccomp_call(number, a, a[0] == 0 || a[0] == 1 ? (unsigned long)a[0] + 1 : 0, a[2]);
#endif
	case SYS_prctl:
		return seccomp_call(number, a, a[0] == PR_SET_SECCOMP ? (unsigned long)a[1] : 0, a[2]);
		/* Those that libc has no function for, or that programs make for one thread. */
#ifdef SYS_landlock_restrict_self
	case SYS_landlock_restrict_self:
#endif
	case SYS_pivot_root:
	case SYS_capset:
	case SYS_chroot:
	case SYS_setuid:
	case SYS_setreuid:
	case SYS_setresuid:
		spy_before_less();
		return real_call(number, a);
	case SYS_exit:
		return REAL(syscall)(SYS_exit, spy_before_bare_exit((int)a[0]));
#ifdef SYS_exit_group
	case SYS_exit_group:
		return REAL(syscall)(SYS_exit_group, spy_before_exit((int)a[0]));
#endif
#ifdef SYS_socket
	case SYS_socket:
		return socket_call(a, caller);
	case SYS_accept4:
		return accept_call(SPY_CALL_accept4, number, a, caller);
#endif
#ifdef SYS_accept
	case SYS_accept:
		return accept_call(SPY_CALL_accept, number, a, caller);
#endif
	default:
		return real_call(number, a);
	}
}

/* The kernel takes up to six arguments; what a call does not have is whatever stands there. */
SPY_EXPORT long syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	for (size_t i = 0; i < sizeof(data_calls) / sizeof(data_calls[0]); i++)
		if (data_calls[i].number == number)
			return data_call(&data_calls[i], a, SPY_CALLER);
	for (size_t i = 0; i < sizeof(plain_calls) / sizeof(plain_calls[0]); i++)
		if (plain_calls[i].number == number)
			return plain_call(plain_calls[i].id, number, a, SPY_CALLER);
	return other_call(number, a, SPY_CALLER);
}
