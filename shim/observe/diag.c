/*
 * Questions over netlink; see diag.h. Replies of the kernel are there when the request's send
 * returns, so that nothing here ever waits.
 */
#include "diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "../sys/lock.h"
#include "../sys/sys.h"
#include "proc.h"

#define DUMP_ROUNDS 4096 /* a bound for a dump that never ends */

static struct spy_lock lock;
static int diag_fd = -1;
static _Atomic bool other_network;
static int64_t fin_timeout_ms = SPY_TIME_WAIT_MS;
static spy_keep_fd_fn keep_fd;
static enum { NOT_ASKED, YES, NO } answered; /* whether the kernel has somebody who answers for TCP */

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 body;
};

/* One answer fits in the first; a datagram of a dump in the second. Stacks may be small. */
union reply {
	struct nlmsghdr head;
	char bytes[512];
};

union dump {
	struct nlmsghdr head;
	char bytes[8192];
};

void spy_diag_init(spy_keep_fd_fn keep)
{
	keep_fd = keep;
}

int spy_diag_fd(void)
{
	return diag_fd;
}

void spy_diag_moved(int fd)
{
	diag_fd = fd;
}

void spy_diag_reset(void)
{
	spy_lock_reset(&lock);
	diag_fd = -1;
}

static bool have_socket(void)
{
	long fd;

	if (diag_fd >= 0)
		return true;
	fd = spy_sys3(SYS_socket, AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	if (fd < 0)
		return false;
	diag_fd = keep_fd((int)fd);
	return diag_fd >= 0;
}

int64_t spy_diag_fin_timeout_ms(void)
{
	return fin_timeout_ms;
}

/* In seconds, as tcp(7) has it; TCP_TIMEWAIT_LEN, which is the default, where it cannot be read. */
static void read_fin_timeout(void)
{
	char text[16];
	int64_t seconds = 0;

	if (!spy_proc_read("/proc/sys/net/ipv4/tcp_fin_timeout", text, sizeof(text)))
		return;
	for (const char *p = text; *p >= '0' && *p <= '9'; p++)
		seconds = seconds * 10 + (*p - '0');
	if (seconds > 0)
		fin_timeout_ms = seconds * 1000;
}

void spy_diag_other_network(void)
{
	other_network = true;
}

void spy_diag_open(void)
{
	struct spy_mask mask;

	spy_mask_all(&mask);
	spy_lock_take(&lock);
	have_socket();
	read_fin_timeout();
	spy_lock_give(&lock);
	spy_mask_restore(&mask);
}

static long exchange(long number, void *data, size_t len)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct iovec iov = {.iov_base = data, .iov_len = len};
	struct msghdr msg = {.msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = &iov, .msg_iovlen = 1};

	return spy_sys3(number, diag_fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* An answer that nobody waited for, after a signal or an error, must not be taken for the next one's. */
static void drain(union reply *reply)
{
	for (int i = 0; i < DUMP_ROUNDS && exchange(SYS_recvmsg, reply, sizeof(*reply)) > 0; i++)
		;
}

static void fill_id(struct inet_diag_sockid *id, const struct spy_addr *local, const struct spy_addr *peer)
{
	id->idiag_sport = htons(local->port);
	memcpy(id->idiag_src, local->ip, sizeof(local->ip));
	id->idiag_dport = htons(peer->port);
	memcpy(id->idiag_dst, peer->ip, sizeof(peer->ip));
	id->idiag_if = peer->scope_id;
	id->idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

/*
 * The addresses may be in use again by another connection, which its cookie tells. The kernel's
 * small record of TIME_WAIT, and of FIN_WAIT_2 without a descriptor, has a cookie of its own.
 */
static bool is_another(const struct inet_diag_msg *found, uint64_t cookie)
{
	uint64_t has = (uint64_t)found->id.idiag_cookie[1] << 32 | found->id.idiag_cookie[0];

	if (!cookie || found->idiag_state == SPY_STATE_TIME_WAIT || found->idiag_state == SPY_STATE_FIN_WAIT_2)
		return false;
	return has != cookie;
}

/*
 * "No such socket" and "nobody here answers for TCP", a kernel without that module, are one error
 * (ENOENT, linux/net/ipv4/inet_diag.c). A dump of no state at all ends well where somebody does, and
 * is asked for once.
 */
static bool is_answered(uint8_t family)
{
	struct request request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP},
	};
	union reply reply;
	int error = 0;
	long len;

	if (answered != NOT_ASKED)
		return answered == YES;
	if (exchange(SYS_sendmsg, &request, sizeof(request)) < 0)
		return false;
	len = exchange(SYS_recvmsg, &reply, sizeof(reply));
	if (len < 0 || !NLMSG_OK(&reply.head, (size_t)len))
		return false;
	/* The end of a dump carries its error, and so does a refusal. */
	if (reply.head.nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(&reply.head), sizeof(error));
	answered = reply.head.nlmsg_type == NLMSG_DONE && error == 0 ? YES : NO;
	return answered == YES;
}

static enum spy_state read_answer(const union reply *reply, long len, const struct spy_addr *peer, uint64_t cookie,
				  struct spy_diag_more *more)
{
	const struct inet_diag_msg *found = NLMSG_DATA(&reply->head);

	if (!NLMSG_OK(&reply->head, (size_t)len))
		return SPY_STATE_UNKNOWN;
	if (reply->head.nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(&reply->head);

		return error->error == -ENOENT && is_answered(peer->family) ? SPY_STATE_CLOSED : SPY_STATE_UNKNOWN;
	}
	if (reply->head.nlmsg_len < NLMSG_LENGTH(sizeof(*found)))
		return SPY_STATE_UNKNOWN;
	/* Where the connection is gone, the kernel's look-up goes on to the listener of the port. */
	if (found->id.idiag_dport != htons(peer->port) || found->idiag_state == SPY_STATE_LISTEN ||
	    is_another(found, cookie))
		return SPY_STATE_CLOSED;
	more->rest_ms = found->idiag_expires;
	more->inode = found->idiag_inode;
	return found->idiag_state < SPY_STATE_COUNT ? (enum spy_state)found->idiag_state : SPY_STATE_UNKNOWN;
}

/* The kernel's answer about these addresses; its length, or less than 0 without one. */
static long ask_about(const struct spy_addr *local, const struct spy_addr *peer, union reply *reply)
{
	struct request request = {
		.head = {.nlmsg_len = sizeof(request), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST},
		.body = {.sdiag_family = local->family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u},
	};

	if (!have_socket())
		return -1;
	fill_id(&request.body.id, local, peer);
	if (exchange(SYS_sendmsg, &request, sizeof(request)) < 0) {
		drain(reply);
		return -1;
	}
	return exchange(SYS_recvmsg, reply, sizeof(*reply));
}

enum spy_state spy_diag_state(const struct spy_addr *local, const struct spy_addr *peer, uint64_t cookie,
			      struct spy_diag_more *more)
{
	enum spy_state state;
	union reply reply;
	long len;

	*more = (struct spy_diag_more){.rest_ms = SPY_UNKNOWN};
	if (!local->family || !peer->family || other_network)
		return SPY_STATE_UNKNOWN;
	spy_lock_take(&lock);
	len = ask_about(local, peer, &reply);
	state = len < 0 ? SPY_STATE_UNKNOWN : read_answer(&reply, len, peer, cookie, more);
	spy_lock_give(&lock);
	return state;
}

bool spy_diag_is_listening(const struct spy_addr *local, uint64_t cookie)
{
	const struct spy_addr nobody = {.family = local->family};
	const struct inet_diag_msg *found;
	union reply reply;
	long len;

	if (!local->family || !cookie || other_network)
		return false;
	spy_lock_take(&lock);
	len = ask_about(local, &nobody, &reply);
	spy_lock_give(&lock);
	if (len < 0 || !NLMSG_OK(&reply.head, (size_t)len) || reply.head.nlmsg_type == NLMSG_ERROR ||
	    reply.head.nlmsg_len < NLMSG_LENGTH(sizeof(*found)))
		return false;
	found = NLMSG_DATA(&reply.head);
	return found->idiag_state == SPY_STATE_LISTEN && !is_another(found, cookie);
}

static void count_holder(const struct inet_diag_msg *found, struct spy_port_holders *holders, uint32_t *inode)
{
	if (found->idiag_state == SPY_STATE_LISTEN) {
		holders->listeners++;
		*inode = found->idiag_inode;
	} else if (found->idiag_state == SPY_STATE_TIME_WAIT) {
		uint32_t rest_ms = found->idiag_expires < SPY_TIME_WAIT_MS ? found->idiag_expires : SPY_TIME_WAIT_MS;

		holders->time_wait++;
		if (SPY_TIME_WAIT_MS - rest_ms > holders->time_wait_age_ms)
			holders->time_wait_age_ms = SPY_TIME_WAIT_MS - rest_ms;
	} else {
		holders->connections++;
	}
}

/* Counts one datagram of a dump; false at its end. */
static bool count_datagram(const union dump *reply, long len, struct spy_port_holders *holders, uint32_t *inode)
{
	const struct nlmsghdr *head = &reply->head;
	size_t left = (size_t)len;

	for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
		if (head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR)
			return false;
		if (head->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			count_holder(NLMSG_DATA(head), holders, inode);
	}
	return true;
}

/* Counts the sockets of one family with these ports; 0 is any. */
static void dump_ports(uint8_t family, uint16_t local_port, uint16_t peer_port, struct spy_port_holders *holders,
		       uint32_t *inode)
{
	struct request request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0u},
	};
	static union dump reply; /* under the lock: eight kilobytes are more than some stacks have */

	request.body.id.idiag_sport = htons(local_port);
	request.body.id.idiag_dport = htons(peer_port);
	if (!have_socket() || exchange(SYS_sendmsg, &request, sizeof(request)) < 0)
		return;
	for (int i = 0; i < DUMP_ROUNDS; i++) {
		long len = exchange(SYS_recvmsg, &reply, sizeof(reply));

		if (len <= 0 || !count_datagram(&reply, len, holders, inode))
			return;
	}
}

void spy_diag_port_holders(const struct spy_addr *local, struct spy_port_holders *holders)
{
	uint32_t inode = 0;

	*holders = (struct spy_port_holders){.time_wait = 0};
	spy_lock_take(&lock);
	/* A wildcard socket of either family can hold the port for both. */
	dump_ports(AF_INET, local->port, 0, holders, &inode);
	dump_ports(AF_INET6, local->port, 0, holders, &inode);
	spy_lock_give(&lock);
	if (inode)
		spy_proc_find_inode(inode, false, &holders->listener);
}

void spy_diag_peer_connections(const struct spy_addr *peer, struct spy_port_holders *holders)
{
	uint32_t inode = 0;

	*holders = (struct spy_port_holders){.time_wait = 0};
	spy_lock_take(&lock);
	dump_ports(peer->family, 0, peer->port, holders, &inode);
	spy_lock_give(&lock);
}
