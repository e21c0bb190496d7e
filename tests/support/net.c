/*
 * Network namespaces, packet filters and the kernel's table of connections; see net.h.
 */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../include/tcpwaitspy/states.h"

static bool unprivileged; /* root by name only */
static int refusal; /* errno; 0: the network is ours */

static bool write_once(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* Without root, a user namespace gives the right to a network namespace (user_namespaces(7)). */
static bool unshare_as_user(void)
{
	const char *user = memory_text("0 %u 1", (unsigned int)geteuid());
	const char *group = memory_text("0 %u 1", (unsigned int)getegid());

	unprivileged = true;
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && write_once("/proc/self/setgroups", "deny") &&
	       write_once("/proc/self/uid_map", user) && write_once("/proc/self/gid_map", group);
}

static bool bring_up_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = ioctl(fd, SIOCGIFFLAGS, &request) == 0;

	request.ifr_flags |= IFF_UP | IFF_RUNNING;
	up = up && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
	close(fd);
	return up;
}

void net_setup(void)
{
	if (unshare(CLONE_NEWNET) != 0 && (errno != EPERM || !unshare_as_user())) {
		refusal = errno;
		return;
	}
	if (!bring_up_loopback())
		test_fail("cannot bring the loopback interface up: %s", strerror(errno));
}

void net_own(void)
{
	if (refusal)
		test_skip("no network namespace of its own: %s", strerror(refusal));
}

bool net_is_unprivileged(void)
{
	return unprivileged;
}

static void nft(const char *script)
{
	struct run_result result =
		run(&(const struct run_spec){.argv = {test_require("nft"), "-f", "-"}, .plain = true, .input = script});

	if (result.status != 0)
		test_skip("nft is refused: %s", result.err);
}

void net_drop(const char *expression)
{
	/* At arrival: a packet dropped on its way out would be reported to the sender's own TCP. */
	nft(memory_text("add table inet tcpwaitspy\n"
			"add chain inet tcpwaitspy arriving { type filter hook input priority 0; }\n"
			"add rule inet tcpwaitspy arriving %s drop\n",
			expression));
}

void net_drop_nothing(void)
{
	nft("add table inet tcpwaitspy\ndelete table inet tcpwaitspy\n");
}

void net_set(const char *name, const char *value)
{
	const char *path = memory_text("/proc/sys/net/ipv4/%s", name);

	if (!write_once(path, value))
		test_skip("cannot write %s: %s", path, strerror(errno));
}

uint16_t net_free_port(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	close(fd);
	return ntohs(addr.sin_port);
}

static int count_in(const char *path, const char *state, uint16_t local_port, uint16_t remote_port)
{
	char line[512];
	int count = 0;
	FILE *table = fopen(path, "re");

	while (table && fgets(line, sizeof(line), table)) {
		unsigned int local;
		unsigned int remote;
		unsigned int number;

		if (sscanf(line, " %*[^:]: %*[^:]:%x %*[^:]:%x %x", &local, &remote, &number) != 3)
			continue;
		/* A connection that was not yet accepted is 12, NEW_SYN_RECV, on its listener. */
		number = number == 12 ? SPY_STATE_SYN_RECV : number;
		count += strcmp(spy_state_name(number), state) == 0 && (local_port == NET_ANY || local == local_port) &&
			 (remote_port == NET_ANY || remote == remote_port);
	}
	if (table)
		fclose(table);
	return count;
}

int net_count(const char *state, uint16_t local_port, uint16_t remote_port)
{
	return count_in("/proc/thread-self/net/tcp", state, local_port, remote_port) +
	       count_in("/proc/thread-self/net/tcp6", state, local_port, remote_port);
}

struct expected {
	const char *state;
	uint16_t local_port;
	uint16_t remote_port;
	int count;
};

static bool is_there(void *arg)
{
	const struct expected *expected = arg;

	return net_count(expected->state, expected->local_port, expected->remote_port) == expected->count;
}

void net_wait(const char *state, uint16_t local_port, uint16_t remote_port, int count)
{
	struct expected expected = {state, local_port, remote_port, count};

	test_until(is_there, &expected,
		   memory_text("%d sockets in %s with ports %u -> %u", count, state, local_port, remote_port));
}

struct listener {
	uint16_t port;
	struct run_process *server;
};

static bool listens_or_is_over(void *arg)
{
	const struct listener *listener = arg;

	return net_count("LISTEN", listener->port, NET_ANY) > 0 || run_is_over(listener->server);
}

void net_wait_listener(uint16_t port, struct run_process *server)
{
	struct listener listener = {port, server};

	test_until(listens_or_is_over, &listener, memory_text("a listener on port %u", port));
	if (net_count("LISTEN", port, NET_ANY) == 0)
		test_fail("the server has ended before it listens: %.700s", run_stderr_now(server));
}

long net_active_opens(void)
{
	char *text = file_read("/proc/thread-self/net/snmp", NULL);
	char *values = text ? strstr(text, "\nTcp: ") : NULL;
	long opens = -1;

	/* Two lines of the same shape: the names first, then the numbers. ActiveOpens is the fifth. */
	values = values ? strstr(values + 1, "\nTcp: ") : NULL;
	assert_non_null(values);
	assert_int_equal(sscanf(values + 1, "Tcp: %*s %*s %*s %*s %ld", &opens), 1);
	return opens;
}
