/*
 * The functions that libc exports and that no header of it declares outside fortified builds
 * (LSB 5.0, "Interfaces for libc"): fortified variants and the names of older binaries. And what
 * glibc declares and another libc (musl) does not, so that a program or a library that was linked
 * against glibc is seen there, too.
 */
#ifndef TCPWAITSPY_LIBC_CHK_H
#define TCPWAITSPY_LIBC_CHK_H

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t buflen, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t buflen, int flags, struct sockaddr *addr,
		       socklen_t *addrlen);
ssize_t __read_chk(int fd, void *buf, size_t len, size_t buflen);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int __vdprintf_chk(int fd, int flag, const char *format, va_list ap);

int __close(int fd);
int __connect(int fd, const struct sockaddr *addr, socklen_t addrlen);
int __dup2(int oldfd, int newfd);
int __fcntl(int fd, int cmd, ...);
ssize_t __read(int fd, void *buf, size_t len);
ssize_t __send(int fd, const void *buf, size_t len, int flags);
ssize_t __write(int fd, const void *buf, size_t len);

int __sigaction(int sig, const struct sigaction *act, struct sigaction *old);
sighandler_t bsd_signal(int sig, sighandler_t handler);
sighandler_t ssignal(int sig, sighandler_t handler);
sighandler_t sysv_signal(int sig, sighandler_t handler);
sighandler_t __sysv_signal(int sig, sighandler_t handler);
sighandler_t sigset(int sig, sighandler_t handler);

#if defined(__GLIBC__) && __SIZEOF_POINTER__ == 4
int __setsockopt64(int fd, int level, int option, const void *value, socklen_t len);
int __getsockopt64(int fd, int level, int option, void *value, socklen_t *len);
int __fcntl_time64(int fd, int cmd, ...);
int __ioctl_time64(int fd, unsigned long request, ...);
ssize_t __recvmsg64(int fd, struct msghdr *msg, int flags);
int __recvmmsg64(int fd, struct mmsghdr *msgs, unsigned int count, int flags, struct timespec *timeout);
ssize_t __sendmsg64(int fd, const struct msghdr *msg, int flags);
int __sendmmsg64(int fd, struct mmsghdr *msgs, unsigned int count, int flags);
#endif

/* Types of parameters on which libcs differ: setrlimit()'s and prlimit()'s resource, ioctl()'s request, the flags of sendmmsg(). */
#ifdef __GLIBC__
typedef __rlimit_resource_t spy_rlimit_resource;
typedef enum __rlimit_resource spy_prlimit_resource;
typedef unsigned long spy_ioctl_request;
typedef int spy_mmsg_flags;
#else
typedef int spy_rlimit_resource;
typedef int spy_prlimit_resource;
typedef int spy_ioctl_request;
typedef unsigned int spy_mmsg_flags;

/* musl has these names as macros for the plain ones; its loader resolves them for glibc's programs. */
#undef sendfile64
#undef freopen64
#undef setrlimit64
#undef prlimit64

void closefrom(int first);
int close_range(unsigned int first, unsigned int last, int flags);
int fcntl64(int fd, int cmd, ...);
ssize_t sendfile64(int out_fd, int in_fd, off_t *offset, size_t len);
FILE *freopen64(const char *path, const char *mode, FILE *file);
int setrlimit64(int resource, const struct rlimit *limit);
int prlimit64(pid_t pid, int resource, const struct rlimit *limit, struct rlimit *old);
#endif

#endif
