/*
 * Words of script.c that make, configure, connect and end sockets. Each is one call.
 */
#ifndef PROGRAMS_SCRIPT_SOCKETS_H
#define PROGRAMS_SCRIPT_SOCKETS_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "script.h"

/* Exported by libc, declared by no header of it. */
int __close(int fd);
int __connect(int fd, const struct sockaddr *addr, socklen_t len);
int __dup2(int from, int to);
int __fcntl(int fd, int cmd, ...);

struct socket_option {
	const char *name;
	int level;
	int option;
};

static inline struct socket_option socket_option(const char *name)
{
	static const struct socket_option options[] = {
		{"reuseaddr", SOL_SOCKET, SO_REUSEADDR}, {"reuseport", SOL_SOCKET, SO_REUSEPORT},
		{"error", SOL_SOCKET, SO_ERROR},	 {"rcvbuf", SOL_SOCKET, SO_RCVBUF},
		{"linger", SOL_SOCKET, SO_LINGER},	 {"nodelay", IPPROTO_TCP, TCP_NODELAY},
		{"rcvtimeo", SOL_SOCKET, SO_RCVTIMEO},	 {"info", IPPROTO_TCP, TCP_INFO},
		{"v6only", IPPROTO_IPV6, IPV6_V6ONLY},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].name, name) == 0)
			return options[i];
	}
	return options[0];
}

static inline int socket_flags(const struct statement *s, int i)
{
	int flags = 0;

	for (; i < s->count; i++) {
		flags |= script_says(s, i, "nonblock") ? SOCK_NONBLOCK : 0;
		flags |= script_says(s, i, "cloexec") ? SOCK_CLOEXEC : 0;
	}
	return flags;
}

/* socket 4|6|unix stream|dgram [nonblock] [cloexec] */
static inline long word_socket(const struct statement *s)
{
	int domain = script_says(s, 1, "4") ? AF_INET : script_says(s, 1, "6") ? AF_INET6 : AF_UNIX;

	return socket(domain, (script_says(s, 2, "stream") ? SOCK_STREAM : SOCK_DGRAM) | socket_flags(s, 3), 0);
}

/* setsockopt FD OPTION VALUE; a time is in milliseconds. */
static inline long word_setsockopt(const struct statement *s)
{
	struct socket_option option = socket_option(script_arg(s, 2));
	int value = script_number(s, 3);
	struct linger linger = {.l_onoff = 1, .l_linger = value};
	struct timeval timeout = {.tv_sec = value / 1000, .tv_usec = value % 1000 * 1000};

	if (option.option == SO_RCVTIMEO)
		return setsockopt(script_number(s, 1), option.level, option.option, &timeout, sizeof(timeout));
	if (option.option == SO_LINGER)
		return setsockopt(script_number(s, 1), option.level, option.option, &linger, sizeof(linger));
	return setsockopt(script_number(s, 1), option.level, option.option, &value, sizeof(value));
}

/* getsockopt FD OPTION */
static inline long word_getsockopt(const struct statement *s)
{
	struct socket_option option = socket_option(script_arg(s, 2));
	char value[256] = {0};
	socklen_t len = sizeof(value);
	long ret = getsockopt(script_number(s, 1), option.level, option.option, value, &len);

	if (option.option == SO_ERROR || option.option == SO_REUSEADDR)
		snprintf(script.extra, sizeof(script.extra), "value %d", *(int *)(void *)value);
	return ret;
}

static inline long word_bind(const struct statement *s)
{
	struct sockaddr_storage addr;
	socklen_t len = script_address(s, 2, &addr);

	return bind(script_number(s, 1), (struct sockaddr *)&addr, len);
}

static inline long word_connect(const struct statement *s)
{
	struct sockaddr_storage addr;
	socklen_t len = script_address(s, 2, &addr);

	if (script_says(s, 0, "__connect"))
		return __connect(script_number(s, 1), (struct sockaddr *)&addr, len);
	if (script_says(s, 0, "syscall.connect"))
		return syscall(SYS_connect, script_number(s, 1), &addr, len);
	return connect(script_number(s, 1), (struct sockaddr *)&addr, len);
}

static inline long word_listen(const struct statement *s)
{
	return listen(script_number(s, 1), script_number(s, 2));
}

/* accept FD [ROOM]: with so many bytes for the peer's address, after what looks like another's */
static inline long word_accept(const struct statement *s)
{
	struct sockaddr_in other = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001), .sin_port = htons(1)};
	struct sockaddr_storage addr;
	socklen_t len = s->count > 2 ? (socklen_t)script_number(s, 2) : sizeof(addr);
	long ret;

	if (script_says(s, 0, "accept4"))
		return accept4(script_number(s, 1), NULL, NULL, socket_flags(s, 2));
	if (script_says(s, 0, "syscall.accept"))
#ifdef SYS_accept
		return syscall(SYS_accept, script_number(s, 1), NULL, NULL);
#else
		return syscall(SYS_accept4, script_number(s, 1), NULL, NULL, 0); /* 32-bit x86 has no other */
#endif
	memcpy(&addr, &other, sizeof(other));
	ret = accept(script_number(s, 1), (struct sockaddr *)&addr, &len);
	if (ret >= 0)
		snprintf(script.extra, sizeof(script.extra), "family %d length %u", addr.ss_family, (unsigned int)len);
	return ret;
}

/* shutdown FD rd|wr|rdwr */
static inline long word_shutdown(const struct statement *s)
{
	int how = script_says(s, 2, "rd") ? SHUT_RD : script_says(s, 2, "wr") ? SHUT_WR : SHUT_RDWR;

	return shutdown(script_number(s, 1), how);
}

static inline long word_close(const struct statement *s)
{
	if (script_says(s, 0, "__close"))
		return __close(script_number(s, 1));
	if (script_says(s, 0, "syscall.close"))
		return syscall(SYS_close, script_number(s, 1));
	return close(script_number(s, 1));
}

static inline long word_closefrom(const struct statement *s)
{
	closefrom(script_number(s, 1));
	return 0;
}

/* close_range FIRST LAST|max */
static inline long word_close_range(const struct statement *s)
{
	unsigned int last = script_says(s, 2, "max") ? ~0u : (unsigned int)script_number(s, 2);

	return close_range((unsigned int)script_number(s, 1), last, 0);
}

static inline long word_dup(const struct statement *s)
{
	if (script_says(s, 0, "dup"))
		return dup(script_number(s, 1));
	if (script_says(s, 0, "dup3"))
		return dup3(script_number(s, 1), script_number(s, 2), O_CLOEXEC);
	if (script_says(s, 0, "__dup2"))
		return __dup2(script_number(s, 1), script_number(s, 2));
	return dup2(script_number(s, 1), script_number(s, 2));
}

/* fcntl FD dupfd|dupfd_cloexec|getfl|setfl|setfd N|nonblock */
static inline long word_fcntl(const struct statement *s)
{
	int cmd = script_says(s, 2, "dupfd")	       ? F_DUPFD
		  : script_says(s, 2, "dupfd_cloexec") ? F_DUPFD_CLOEXEC
		  : script_says(s, 2, "getfl")	       ? F_GETFL
		  : script_says(s, 2, "setfl")	       ? F_SETFL
						       : F_SETFD;
	int value = script_says(s, 3, "nonblock") ? O_NONBLOCK : script_number(s, 3);

	if (script_says(s, 0, "fcntl64"))
		return fcntl64(script_number(s, 1), cmd, value);
	if (script_says(s, 0, "__fcntl"))
		return __fcntl(script_number(s, 1), cmd, value);
	return fcntl(script_number(s, 1), cmd, value);
}

/* ioctl FD fionread|fionbio N */
static inline long word_ioctl(const struct statement *s)
{
	int value = script_number(s, 3);
	long ret = ioctl(script_number(s, 1), script_says(s, 2, "fionread") ? FIONREAD : FIONBIO, &value);

	snprintf(script.extra, sizeof(script.extra), "value %d", value);
	return ret;
}

static inline long word_name(const struct statement *s)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (script_says(s, 0, "getpeername"))
		return getpeername(script_number(s, 1), (struct sockaddr *)&addr, &len);
	return getsockname(script_number(s, 1), (struct sockaddr *)&addr, &len);
}

/* The local port of FD. */
static inline long word_port(const struct statement *s)
{
	struct sockaddr_in6 addr = {0};
	socklen_t len = sizeof(addr);

	if (getsockname(script_number(s, 1), (struct sockaddr *)&addr, &len) != 0)
		return -1;
	return ntohs(addr.sin6_port);
}

static inline const struct script_word *script_socket_words(void)
{
	static const struct script_word words[] = {
		{"socket", word_socket},
		{"setsockopt", word_setsockopt},
		{"getsockopt", word_getsockopt},
		{"bind", word_bind},
		{"connect", word_connect},
		{"__connect", word_connect},
		{"syscall.connect", word_connect},
		{"listen", word_listen},
		{"accept", word_accept},
		{"accept4", word_accept},
		{"syscall.accept", word_accept},
		{"shutdown", word_shutdown},
		{"close", word_close},
		{"__close", word_close},
		{"syscall.close", word_close},
		{"closefrom", word_closefrom},
		{"close_range", word_close_range},
		{"dup", word_dup},
		{"dup2", word_dup},
		{"dup3", word_dup},
		{"__dup2", word_dup},
		{"fcntl", word_fcntl},
		{"fcntl64", word_fcntl},
		{"__fcntl", word_fcntl},
		{"ioctl", word_ioctl},
		{"getpeername", word_name},
		{"getsockname", word_name},
		{"port", word_port},
		{NULL, NULL},
	};

	return words;
}

#endif
