/*
 * The functions that libc exports and that no header of it declares outside fortified builds
 * (LSB 5.0, "Interfaces for libc"): fortified variants and the names of older binaries.
 */
#ifndef TCPWAITSPY_LIBC_CHK_H
#define TCPWAITSPY_LIBC_CHK_H

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
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

#endif
