/*
 * A program with a 64-bit time_t and off_t, whatever the machine: on 32-bit ones libc gives it
 * functions of other names (__sendmsg64, fcntl64, ...). Prints what each call returned.
 */
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS	  64

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define FAR INT64_C(5000000000) /* beyond what a 32-bit off_t can say */

static void tell(const char *call, long ret)
{
	printf("%s = %ld%s\n", call, ret, ret < 0 ? " failed" : "");
}

/* A lock far out in a file, which the call of a 32-bit program could not even name. */
static void lock_a_file(void)
{
	FILE *file = tmpfile();
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = FAR, .l_len = 10};

	tell("fcntl F_SETLK", fcntl(fileno(file), F_SETLK, &lock));
	lock.l_type = F_UNLCK;
	tell("fcntl F_GETLK", fcntl(fileno(file), F_GETLK, &lock));
	printf("unlocked %d start %lld\n", lock.l_type == F_UNLCK, (long long)lock.l_start);
	fclose(file);
}

static void talk(int from, int to)
{
	struct timeval patience = {.tv_sec = 3};
	struct iovec iov = {.iov_base = (char[]){"hello"}, .iov_len = 5};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}};
	socklen_t len = sizeof(patience);
	int waiting = 0;

	tell("setsockopt", setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
	patience.tv_sec = 0;
	tell("getsockopt", getsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience, &len));
	printf("patience %ld s in %u bytes\n", (long)patience.tv_sec, (unsigned int)len);
	tell("fcntl F_SETFD", fcntl(to, F_SETFD, FD_CLOEXEC));
	tell("sendmsg", sendmsg(from, &message.msg_hdr, 0));
	tell("recvmsg", recvmsg(to, &message.msg_hdr, 0));
	tell("sendmmsg", sendmmsg(from, &message, 1, 0));
	tell("recvmmsg", recvmmsg(to, &message, 1, 0, NULL));
	tell("ioctl", ioctl(to, FIONREAD, &waiting));
	shutdown(from, SHUT_WR);
	tell("recvmsg", recvmsg(to, &message.msg_hdr, 0));
}

int main(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), server;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	tell("bind", bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	tell("listen", listen(listener, 1));
	getsockname(listener, (struct sockaddr *)&addr, &len);
	tell("connect", connect(client, (struct sockaddr *)&addr, sizeof(addr)));
	server = accept(listener, NULL, NULL);
	talk(client, server);
	lock_a_file();
	close(server);
	close(client);
	close(listener);
	return EXIT_SUCCESS;
}
