/*
 * Dumps by NETLINK_SOCK_DIAG; see dump.h.
 */
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli/words.h"

/* What the kernel puts into one answer at most (NLMSG_GOODSIZE is smaller). */
#define ANSWER_SIZE 65536
/* idiag_timer of a minisock: TIME_WAIT, and FIN_WAIT_2 after close() (net/ipv4/inet_diag.c). */
#define TIMER_OF_MINISOCK 3

static struct ps_socket *add(struct ps_list *list)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		struct ps_socket *sockets = words_room(room * sizeof(*sockets));

		if (list->count)
			memcpy(sockets, list->sockets, list->count * sizeof(*sockets));
		free(list->sockets);
		list->sockets = sockets;
		list->room = room;
	}
	return &list->sockets[list->count++];
}

static struct spy_addr address(const struct inet_diag_msg *msg, const __be32 *ip, __be16 port)
{
	struct spy_addr addr = {.family = msg->idiag_family, .port = ntohs(port)};

	memcpy(addr.ip, ip, msg->idiag_family == AF_INET ? 4 : 16);
	return addr;
}

/*
 * In CLOSE_WAIT the last segment received was the peer's FIN, and in FIN_WAIT_2 its ACK of ours, as
 * long as this side has sent nothing since.
 */
static void read_info(struct ps_socket *socket, const struct tcp_info *info)
{
	if (socket->state != SPY_STATE_CLOSE_WAIT && socket->state != SPY_STATE_FIN_WAIT_2)
		return;
	socket->age_ms = info->tcpi_last_ack_recv;
	socket->at_least = info->tcpi_last_data_sent < info->tcpi_last_ack_recv;
}

static void read_message(struct ps_list *list, const struct nlmsghdr *head)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(head);
	const char *attributes = (const char *)(msg + 1);
	size_t left = head->nlmsg_len - NLMSG_LENGTH(sizeof(*msg));
	struct ps_socket *socket = add(list);

	*socket = (struct ps_socket){
		.state = msg->idiag_state,
		.local = address(msg, msg->id.idiag_src, msg->id.idiag_sport),
		.peer = address(msg, msg->id.idiag_dst, msg->id.idiag_dport),
		.receive_queue = msg->idiag_rqueue,
		.send_queue = msg->idiag_wqueue,
		.inode = msg->idiag_inode,
		.uid = msg->idiag_uid,
		.age_ms = PS_NO_AGE,
		.rest_ms = PS_NO_AGE,
	};
	if (msg->idiag_timer == TIMER_OF_MINISOCK) {
		socket->rest_ms = msg->idiag_expires;
		if (socket->state == SPY_STATE_TIME_WAIT)
			socket->age_ms = SPY_TIME_WAIT_MS - (int64_t)msg->idiag_expires;
	}
	for (const struct rtattr *at = (const void *)attributes; RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		struct tcp_info info = {0};
		size_t len = RTA_PAYLOAD(at);

		if (at->rta_type != INET_DIAG_INFO)
			continue;
		memcpy(&info, RTA_DATA(at), len < sizeof(info) ? len : sizeof(info));
		read_info(socket, &info);
	}
}

/* One datagram of a dump. True while more follow. */
static bool read_answer(struct ps_list *list, const char *answer, size_t len, int *error)
{
	for (const struct nlmsghdr *head = (const void *)answer; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		if (head->nlmsg_type == NLMSG_DONE)
			return false;
		if (head->nlmsg_type == NLMSG_ERROR) {
			*error = -((const struct nlmsgerr *)NLMSG_DATA(head))->error;
			return false;
		}
		if (head->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    head->nlmsg_len >= NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
			read_message(list, head);
	}
	return true;
}

/* 0 or an errno. */
static int dump_family(struct ps_list *list, int fd, int family, uint32_t states)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.sdiag_family = (uint8_t)family,
			 .sdiag_protocol = IPPROTO_TCP,
			 .idiag_ext = 1 << (INET_DIAG_INFO - 1),
			 .idiag_states = states},
	};
	char *answer;
	int error = 0;
	ssize_t got;

	if (send(fd, &request, sizeof(request), 0) == -1)
		return errno;
	answer = words_room(ANSWER_SIZE);
	do
		got = recv(fd, answer, ANSWER_SIZE, 0);
	while ((got == -1 && errno == EINTR) || (got > 0 && read_answer(list, answer, (size_t)got, &error)));
	if (got == -1)
		error = errno;
	free(answer);
	return error;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat first;
	struct stat second;

	return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* A socket belongs to the network namespace in which it was made; the process goes there and back. */
static int open_there(const char *netns)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int there = open(netns, O_RDONLY | O_CLOEXEC);
	int fd = -1;
	int error = 0;

	if (here >= 0 && there >= 0 && setns(there, CLONE_NEWNET) == 0) {
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
		error = errno;
		if (setns(here, CLONE_NEWNET) == -1)
			perror("tcpwaitspy: back to the own network namespace");
	} else {
		error = errno;
	}
	if (here >= 0)
		close(here);
	if (there >= 0)
		close(there);
	errno = error;
	return fd;
}

bool ps_dump(struct ps_list *list, uint32_t states, const char *netns)
{
	bool elsewhere = netns && !is_same_file(netns, "/proc/self/ns/net");
	int fd = elsewhere ? open_there(netns) : socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int error;

	if (fd == -1) {
		fprintf(stderr, "tcpwaitspy: %s: %s%s\n", elsewhere ? netns : "sock_diag", strerror(errno),
			elsewhere ? "; root can enter another network namespace" : "");
		return false;
	}
	error = dump_family(list, fd, AF_INET, states);
	/* A kernel without IPv6 has nobody who answers. */
	if (error == 0 || error == ENOENT) {
		int error6 = dump_family(list, fd, AF_INET6, states);

		error = error == 0 && error6 == ENOENT ? 0 : error6;
	}
	close(fd);
	if (error)
		fprintf(stderr, "tcpwaitspy: sock_diag: %s\n", strerror(error));
	return error == 0;
}
