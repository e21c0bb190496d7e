/*
 * Questions to the kernel about one descriptor; see kernel.h.
 */
#include "kernel.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

#include "../sys/sys.h"

static long get_option(int fd, int level, int option, void *value, socklen_t *len)
{
	return spy_sys(SYS_getsockopt, fd, level, option, value, len);
}

int spy_kernel_tcp(int fd, struct spy_tcp *tcp)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	long rc = get_option(fd, IPPROTO_TCP, TCP_INFO, &info, &len);

	*tcp = (struct spy_tcp){SPY_STATE_UNKNOWN, SPY_UNKNOWN, SPY_UNKNOWN};
	if (rc < 0)
		return (int)rc;
	if (info.tcpi_state < SPY_STATE_COUNT)
		tcp->state = (enum spy_state)info.tcpi_state;
	if (len >= offsetof(struct tcp_info, tcpi_last_ack_recv) + sizeof(info.tcpi_last_ack_recv)) {
		tcp->since_last_ack_ms = info.tcpi_last_ack_recv;
		tcp->since_last_sent_ms = info.tcpi_last_data_sent;
	}
	return 0;
}

enum spy_kind spy_kernel_kind(int fd)
{
	int protocol = 0, listens = 0;
	socklen_t len = sizeof(protocol);

	if (get_option(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) < 0 || protocol != IPPROTO_TCP)
		return SPY_KIND_OTHER;
	len = sizeof(listens);
	if (get_option(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens)
		return SPY_KIND_TCP_LISTENER;
	return SPY_KIND_TCP;
}

int64_t spy_kernel_unread(int fd)
{
	int bytes = 0;
	long rc = spy_sys3(SYS_ioctl, fd, SIOCINQ, &bytes);

	return rc < 0 ? rc : bytes;
}

bool spy_kernel_is_tls_alert(int fd, int64_t unread)
{
	enum { HEADER = 5, ALERT = 21, PROTECTED = 23, LONGEST = 64 };
	uint8_t header[HEADER] = {0};
	struct iovec iov = {.iov_base = header, .iov_len = sizeof(header)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (unread < HEADER || unread > LONGEST ||
	    spy_sys3(SYS_recvmsg, fd, &msg, MSG_PEEK | MSG_DONTWAIT) != (long)sizeof(header))
		return false;
	/* Since TLS 1.3 an alert looks like data from outside; two bytes of it with a tag are 19. */
	if (header[0] != ALERT && !(header[0] == PROTECTED && header[4] == 19))
		return false;
	return header[1] == 3 && header[3] * 256 + header[4] + HEADER == unread;
}

uint64_t spy_kernel_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return get_option(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0 ? 0 : cookie;
}

uint64_t spy_kernel_inode(int fd)
{
	struct statx st;

	return spy_sys(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_INO, &st) < 0 ? 0 : st.stx_ino;
}

uint8_t spy_kernel_options(int fd)
{
	int on = 0;
	socklen_t len = sizeof(on);
	uint8_t bits = 0;

	if (get_option(fd, SOL_SOCKET, SO_REUSEADDR, &on, &len) < 0)
		return 0;
	bits = SPY_OPT_ASKED | (on ? SPY_OPT_REUSEADDR : 0);
	len = sizeof(on);
	if (get_option(fd, SOL_SOCKET, SO_REUSEPORT, &on, &len) == 0 && on)
		bits |= SPY_OPT_REUSEPORT;
	return bits;
}

struct spy_addr spy_addr_from(const struct sockaddr *addr, socklen_t len)
{
	struct spy_addr out = {.family = 0};

	if (len >= sizeof(struct sockaddr_in) && addr->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, addr, sizeof(in));
		memcpy(out.ip, &in.sin_addr, sizeof(in.sin_addr));
		out.port = ntohs(in.sin_port);
		out.family = AF_INET;
	} else if (len >= offsetof(struct sockaddr_in6, sin6_scope_id) && addr->sa_family == AF_INET6) {
		struct sockaddr_in6 in6 = {.sin6_scope_id = 0};

		memcpy(&in6, addr, len < sizeof(in6) ? len : sizeof(in6));
		memcpy(out.ip, &in6.sin6_addr, sizeof(in6.sin6_addr));
		out.port = ntohs(in6.sin6_port);
		out.scope_id = in6.sin6_scope_id;
		out.family = AF_INET6;
	}
	return out;
}

bool spy_addr_is_any(const struct spy_addr *addr)
{
	static const uint8_t zero[16];

	return memcmp(addr->ip, zero, addr->family == AF_INET ? 4 : 16) == 0;
}

static struct spy_addr ask_name(long number, int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	if (spy_sys3(number, fd, &addr, &len) < 0)
		return (struct spy_addr){.family = 0};
	return spy_addr_from((const struct sockaddr *)&addr, len);
}

struct spy_addr spy_kernel_local(int fd)
{
	return ask_name(SYS_getsockname, fd);
}

struct spy_addr spy_kernel_peer(int fd)
{
	return ask_name(SYS_getpeername, fd);
}

#define ASK_AGAIN_NS SPY_NS_PER_MS
#define AT_ONCE_NS   1000u

static int (*ask_clock)(clockid_t clock, struct timespec *ts) = clock_gettime;

void spy_clock_init(void)
{
	static const char *const names[] = {"libc.so.6", "libc.so"};
	void *libc = NULL, *found = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !libc; i++)
		libc = dlopen(names[i], RTLD_NOLOAD | RTLD_LAZY | RTLD_LOCAL);
	if (libc)
		found = dlsym(libc, "clock_gettime");
	if (found)
		ask_clock = (int (*)(clockid_t, struct timespec *))found;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	/* Through the vDSO: no system call, and allowed in a signal handler (POSIX). */
	ask_clock(clock, &ts);
	return (uint64_t)ts.tv_sec * SPY_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t spy_clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t spy_clock_tick(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t spy_clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

uint64_t spy_clock_wall_at(uint64_t now_ns)
{
	static _Atomic uint64_t ahead_ns, asked_ns;
	uint64_t wall_ns, after_ns;

	if (now_ns - asked_ns < ASK_AGAIN_NS)
		return now_ns + ahead_ns;
	now_ns = spy_clock_now();
	wall_ns = spy_clock_wall();
	after_ns = spy_clock_now();
	/* Interrupted in between, the two say nothing of each other. */
	if (after_ns - now_ns < AT_ONCE_NS) {
		ahead_ns = wall_ns - (now_ns + (after_ns - now_ns) / 2);
		asked_ns = now_ns;
	}
	return wall_ns;
}

uint32_t spy_kernel_euid(void)
{
#ifdef SYS_geteuid32 /* Elsewhere the plain one is of 32 bits. */
	return (uint32_t)spy_sys0(SYS_geteuid32);
#else
	return (uint32_t)spy_sys0(SYS_geteuid);
#endif
}

uint32_t spy_kernel_tid(void)
{
	return (uint32_t)spy_sys0(SYS_gettid);
}

int32_t spy_kernel_pid(void)
{
	return (int32_t)spy_sys0(SYS_getpid);
}

bool spy_kernel_is_open(int fd)
{
	return spy_sys2(SYS_fcntl, fd, F_GETFD) >= 0;
}
