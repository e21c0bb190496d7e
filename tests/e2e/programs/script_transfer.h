/*
 * Words of script.c that move data. Each is one call; a read keeps what came for the reply.
 */
#ifndef PROGRAMS_SCRIPT_TRANSFER_H
#define PROGRAMS_SCRIPT_TRANSFER_H

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "script.h"

/* Exported by libc, declared by no header of it outside fortified builds. */
ssize_t __recv_chk(int fd, void *buf, size_t len, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t room, int flags, struct sockaddr *addr,
		       socklen_t *addrlen);
ssize_t __read_chk(int fd, void *buf, size_t len, size_t room);
ssize_t __read(int fd, void *buf, size_t len);
ssize_t __send(int fd, const void *buf, size_t len, int flags);
ssize_t __write(int fd, const void *buf, size_t len);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int __vdprintf_chk(int fd, int flag, const char *format, va_list ap);

/* NAME FD LENGTH [FLAG...] */
static inline long word_recv(const struct statement *s)
{
	const char *name = script_arg(s, 0);
	int fd = script_number(s, 1);
	size_t len = (size_t)script_number(s, 2);
	int flags = script_msg_flags(s, 3);
	char *buf = script.received;
	size_t room = sizeof(script.received);

	if (strcmp(name, "recv") == 0)
		return recv(fd, buf, len, flags);
	if (strcmp(name, "recvfrom") == 0)
		return recvfrom(fd, buf, len, flags, NULL, NULL);
	if (strcmp(name, "read") == 0)
		return read(fd, buf, len);
	if (strcmp(name, "__recv_chk") == 0)
		return __recv_chk(fd, buf, len, room, flags);
	if (strcmp(name, "__recvfrom_chk") == 0)
		return __recvfrom_chk(fd, buf, len, room, flags, NULL, NULL);
	if (strcmp(name, "__read_chk") == 0)
		return __read_chk(fd, buf, len, room);
	if (strcmp(name, "__read") == 0)
		return __read(fd, buf, len);
	if (strcmp(name, "syscall.recvfrom") == 0)
		return syscall(SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
	return syscall(SYS_read, fd, buf, len);
}

/* readv|recvmsg|recvmmsg FD LENGTH [FLAG...]: two pieces, of 2 bytes and the rest. */
static inline long word_recv_pieces(const struct statement *s)
{
	size_t len = (size_t)script_number(s, 2);
	struct iovec pieces[2] = {{script.received, 2}, {script.received + 2, len - 2}};
	struct mmsghdr messages[2] = {{.msg_hdr = {.msg_iov = pieces, .msg_iovlen = 2}}};
	int flags = script_msg_flags(s, 3);
	long ret;

	if (script_says(s, 0, "readv"))
		return readv(script_number(s, 1), pieces, 2);
	if (script_says(s, 0, "recvmsg"))
		return recvmsg(script_number(s, 1), &messages[0].msg_hdr, flags);
	ret = recvmmsg(script_number(s, 1), messages, 1, flags, NULL);
	if (ret > 0)
		snprintf(script.extra, sizeof(script.extra), "first %u", messages[0].msg_len);
	return ret;
}

/* NAME FD TEXT [FLAG...] */
static inline long word_send(const struct statement *s)
{
	const char *name = script_arg(s, 0);
	int fd = script_number(s, 1);
	const char *text = script_arg(s, 2);
	size_t len = strlen(text);
	int flags = script_msg_flags(s, 3);

	if (strcmp(name, "send") == 0)
		return send(fd, text, len, flags);
	if (strcmp(name, "sendto") == 0)
		return sendto(fd, text, len, flags, NULL, 0);
	if (strcmp(name, "write") == 0)
		return write(fd, text, len);
	if (strcmp(name, "__send") == 0)
		return __send(fd, text, len, flags);
	if (strcmp(name, "__write") == 0)
		return __write(fd, text, len);
	if (strcmp(name, "syscall.sendto") == 0)
		return syscall(SYS_sendto, fd, text, len, flags, NULL, 0);
	return syscall(SYS_write, fd, text, len);
}

/* writev|sendmsg|sendmmsg FD TEXT [FLAG...] */
static inline long word_send_pieces(const struct statement *s)
{
	char *text = s->word[2];
	struct iovec pieces[2] = {{text, 1}, {text + 1, strlen(text) - 1}};
	struct mmsghdr messages[1] = {{.msg_hdr = {.msg_iov = pieces, .msg_iovlen = 2}}};
	int flags = script_msg_flags(s, 3);

	if (script_says(s, 0, "writev"))
		return writev(script_number(s, 1), pieces, 2);
	if (script_says(s, 0, "sendmsg"))
		return sendmsg(script_number(s, 1), &messages[0].msg_hdr, flags);
	return sendmmsg(script_number(s, 1), messages, 1, flags);
}

static inline int print_list(bool checked, int fd, const char *format, ...)
{
	va_list ap;
	int ret;

	va_start(ap, format);
	ret = checked ? __vdprintf_chk(fd, 1, format, ap) : vdprintf(fd, format, ap);
	va_end(ap);
	return ret;
}

/* dprintf|vdprintf|__dprintf_chk|__vdprintf_chk FD TEXT */
static inline long word_dprintf(const struct statement *s)
{
	int fd = script_number(s, 1);

	if (script_says(s, 0, "dprintf"))
		return dprintf(fd, "%s", script_arg(s, 2));
	if (script_says(s, 0, "__dprintf_chk"))
		return __dprintf_chk(fd, 1, "%s", script_arg(s, 2));
	return print_list(script_says(s, 0, "__vdprintf_chk"), fd, "%s", script_arg(s, 2));
}

/* sendfile|sendfile64 FD FROM LENGTH */
static inline long word_sendfile(const struct statement *s)
{
	if (script_says(s, 0, "sendfile64"))
		return sendfile64(script_number(s, 1), script_number(s, 2), NULL, (size_t)script_number(s, 3));
	return sendfile(script_number(s, 1), script_number(s, 2), NULL, (size_t)script_number(s, 3));
}

/* splice FROM TO LENGTH */
static inline long word_splice(const struct statement *s)
{
	return splice(script_number(s, 1), NULL, script_number(s, 2), NULL, (size_t)script_number(s, 3), 0);
}

/* fclose FD: of a stream made for it. fputs FD TEXT: the same with a text left in its buffer. */
static inline long word_stream(const struct statement *s)
{
	FILE *stream = fdopen(script_number(s, 1), "r+");

	if (!stream)
		return -1;
	if (script_says(s, 0, "fputs"))
		fputs(script_arg(s, 2), stream);
	return fclose(stream);
}

/* freopen FD PATH: of a stream made for it; the result is the descriptor of the new one. */
static inline long word_freopen(const struct statement *s)
{
	FILE *stream = fdopen(script_number(s, 1), "r+");

	stream = stream ? freopen(script_arg(s, 2), "r", stream) : NULL;
	return stream ? fileno(stream) : -1;
}

/* pipe R W: two variables. */
static inline long word_pipe(const struct statement *s)
{
	int fds[2];
	long ret = pipe(fds);

	script.variable[*script_arg(s, 1) - 'a'] = fds[0];
	script.variable[*script_arg(s, 2) - 'a'] = fds[1];
	return ret;
}

/* open PATH */
static inline long word_open(const struct statement *s)
{
	return open(script_arg(s, 1), O_RDWR | O_CREAT, 0644);
}

/* fill PATH: a file that takes all the room there is. */
static inline long word_fill(const struct statement *s)
{
	static const char block[512];
	int fd = open(script_arg(s, 1), O_WRONLY | O_CREAT, 0644);

	while (write(fd, block, sizeof(block)) > 0)
		;
	return close(fd);
}

/* remove PATH */
static inline long word_remove(const struct statement *s)
{
	return unlink(script_arg(s, 1));
}

/* rounds A B N: N times 64 bytes from A to B, which are the ends of one connection. */
static inline long word_rounds(const struct statement *s)
{
	char data[64] = {0};

	for (int i = 0; i < script_number(s, 3); i++) {
		if (send(script_number(s, 1), data, sizeof(data), MSG_NOSIGNAL) != sizeof(data) ||
		    recv(script_number(s, 2), data, sizeof(data), MSG_WAITALL) != sizeof(data))
			return -1;
	}
	return 0;
}

static inline const struct script_word *script_transfer_words(void)
{
	static const struct script_word words[] = {
		{"recv", word_recv},
		{"recvfrom", word_recv},
		{"read", word_recv},
		{"__recv_chk", word_recv},
		{"__recvfrom_chk", word_recv},
		{"__read_chk", word_recv},
		{"__read", word_recv},
		{"syscall.recvfrom", word_recv},
		{"syscall.read", word_recv},
		{"readv", word_recv_pieces},
		{"recvmsg", word_recv_pieces},
		{"recvmmsg", word_recv_pieces},
		{"send", word_send},
		{"sendto", word_send},
		{"write", word_send},
		{"__send", word_send},
		{"__write", word_send},
		{"syscall.sendto", word_send},
		{"syscall.write", word_send},
		{"writev", word_send_pieces},
		{"sendmsg", word_send_pieces},
		{"sendmmsg", word_send_pieces},
		{"dprintf", word_dprintf},
		{"vdprintf", word_dprintf},
		{"__dprintf_chk", word_dprintf},
		{"__vdprintf_chk", word_dprintf},
		{"sendfile", word_sendfile},
		{"sendfile64", word_sendfile},
		{"splice", word_splice},
		{"fclose", word_stream},
		{"fputs", word_stream},
		{"freopen", word_freopen},
		{"pipe", word_pipe},
		{"open", word_open},
		{"fill", word_fill},
		{"remove", word_remove},
		{"rounds", word_rounds},
		{NULL, NULL},
	};

	return words;
}

#endif
