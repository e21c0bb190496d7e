/*
 * floor CONNECTIONS none|line LOG: the workload of life.c with the system calls that the shim adds to it, made by
 * hand and nothing computed: what is left for a shim that asks and writes as much. `line` stands for
 * calls=all:format=json:flush=line, `none` for calls=none. In step with what strace shows of the shim.
 */
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#include "bench.h"

#define WARM_UP 100

static bool lines; /* each call has one, and the state in it is the kernel's */
static int log_fd, diag_fd;

static void *sleep_on(void *unused)
{
	pause();
	return unused;
}

/* A section, with all signals blocked. */
static void mask(void)
{
	static const uint64_t all = ~UINT64_C(0);
	uint64_t before = 0;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof(before));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof(before));
}

static void ask_state(int fd)
{
	char info[104];
	socklen_t len = sizeof(info);

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len);
}

static void ask_cookie(int fd)
{
	uint64_t cookie;
	socklen_t len = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
}

static void put_line(size_t len)
{
	static char line[512];

	if (lines && write(log_fd, line, len) != (ssize_t)len)
		bench_die("log");
}

/* Where a connection without a descriptor is. */
static void ask_where(const struct sockaddr_in *local, const struct sockaddr_in *peer)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		.head = {.nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
		.body = {.sdiag_family = AF_INET,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_states = ~0u,
			 .id = {.idiag_sport = local->sin_port,
				.idiag_dport = peer->sin_port,
				.idiag_src = {local->sin_addr.s_addr},
				.idiag_dst = {peer->sin_addr.s_addr},
				.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	char reply[512];
	struct iovec asked = {&request, sizeof(request)}, answered = {reply, sizeof(reply)};
	struct msghdr msg = {.msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = &asked, .msg_iovlen = 1};

	if (sendmsg(diag_fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		bench_die("sendmsg");
	msg.msg_iov = &answered;
	if (recvmsg(diag_fd, &msg, MSG_DONTWAIT) < 0)
		bench_die("recvmsg");
}

static void live(int listener, const struct sockaddr_in *addr)
{
	struct sockaddr_in own, peer;
	socklen_t len = sizeof(own), peer_len = sizeof(peer);
	int made, taken;
	char byte;

	made = socket(AF_INET, SOCK_STREAM, 0);
	mask();
	put_line(289);
	if (connect(made, (const struct sockaddr *)addr, sizeof(*addr)) != 0)
		bench_die("connect");
	mask();
	getsockname(made, (struct sockaddr *)&own, &len);
	if (lines)
		ask_state(made);
	put_line(300);
	taken = accept(listener, (struct sockaddr *)&peer, &peer_len);
	mask();
	if (lines)
		ask_state(taken);
	put_line(277);
	ask_state(made);
	shutdown(made, SHUT_WR);
	mask();
	if (lines)
		ask_state(made);
	put_line(293);
	recv(taken, &byte, 1, 0);
	mask();
	ask_state(taken);
	put_line(312);
	syscall(SYS_getpid);
	mask();
	if (lines)
		ask_state(taken);
	ask_cookie(taken);
	close(taken);
	if (lines) {
		mask();
		ask_where(addr, &own);
	}
	put_line(502);
	recv(made, &byte, 1, 0);
	mask();
	ask_state(made);
	if (lines)
		ask_where(&own, addr);
	put_line(310);
	syscall(SYS_getpid);
	mask();
	close(made);
	if (lines)
		mask();
	put_line(272);
}

int main(int argc, char **argv)
{
	long connections = bench_number(argc, argv, 1, 2000);
	struct bench_time begin = {0};
	struct sockaddr_in addr;
	int listener = bench_listen(&addr);
	pthread_t watcher;

	lines = argc > 2 && strcmp(argv[2], "line") == 0;
	log_fd = argc > 3 ? open(argv[3], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	diag_fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (diag_fd < 0 || (lines && log_fd < 0) || pthread_create(&watcher, NULL, sleep_on, NULL) != 0)
		bench_die("set-up");
	for (long i = -WARM_UP; i < connections; i++) {
		if (i == 0)
			begin = bench_now();
		live(listener, &addr);
	}
	bench_print_since("", begin, bench_now(), connections);
	return 0;
}
