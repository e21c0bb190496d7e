/*
 * A preload that replaces the calls of the workloads and does nothing: what interposing costs by
 * itself. Built with -DWITH_TCP_INFO it asks the kernel for the state after each call (before
 * close()): what a log with states cannot go below.
 */
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	int (*socket)(int domain, int type, int protocol);
	int (*connect)(int fd, const struct sockaddr *addr, socklen_t len);
	int (*accept)(int fd, struct sockaddr *addr, socklen_t *len);
	int (*shutdown)(int fd, int how);
	int (*close)(int fd);
	ssize_t (*recv)(int fd, void *buf, size_t len, int flags);
	ssize_t (*send)(int fd, const void *buf, size_t len, int flags);
	ssize_t (*read)(int fd, void *buf, size_t len);
	ssize_t (*write)(int fd, const void *buf, size_t len);
} real;

__attribute__((constructor)) static void resolve(void)
{
	real.socket = (int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	real.connect = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
	real.accept = (int (*)(int, struct sockaddr *, socklen_t *))dlsym(RTLD_NEXT, "accept");
	real.shutdown = (int (*)(int, int))dlsym(RTLD_NEXT, "shutdown");
	real.close = (int (*)(int))dlsym(RTLD_NEXT, "close");
	real.recv = (ssize_t(*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");
	real.send = (ssize_t(*)(int, const void *, size_t, int))dlsym(RTLD_NEXT, "send");
	real.read = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	real.write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
}

static void look(int fd)
{
#ifdef WITH_TCP_INFO
	struct tcp_info info;
	socklen_t len = sizeof(info);

	syscall(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &len);
#else
	(void)fd;
#endif
}

int socket(int domain, int type, int protocol)
{
	int fd = real.socket(domain, type, protocol);

	look(fd);
	return fd;
}

int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	int rc = real.connect(fd, addr, len);

	look(fd);
	return rc;
}

int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	int rc = real.accept(fd, addr, len);

	look(rc);
	return rc;
}

int shutdown(int fd, int how)
{
	int rc = real.shutdown(fd, how);

	look(fd);
	return rc;
}

int close(int fd)
{
	look(fd);
	return real.close(fd);
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	ssize_t rc = real.recv(fd, buf, len, flags);

	look(fd);
	return rc;
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	ssize_t rc = real.send(fd, buf, len, flags);

	look(fd);
	return rc;
}

ssize_t read(int fd, void *buf, size_t len)
{
	ssize_t rc = real.read(fd, buf, len);

	look(fd);
	return rc;
}

ssize_t write(int fd, const void *buf, size_t len)
{
	ssize_t rc = real.write(fd, buf, len);

	look(fd);
	return rc;
}
