/*
 * How arguments are spelled: numbers as numbers, flags and options by the names that man pages
 * use. An unknown bit or value is written as a number, never left out.
 */
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "spell.h"

struct word {
	int64_t value;
	const char *name;
};

#define W(name)                                                                                                        \
	{                                                                                                              \
		name, #name                                                                                            \
	}

static const struct word domains[] = {W(AF_UNSPEC), W(AF_UNIX), W(AF_INET), W(AF_INET6), {0, NULL}};
static const struct word hows[] = {W(SHUT_RD), W(SHUT_WR), W(SHUT_RDWR), {0, NULL}};
static const struct word levels[] = {W(SOL_SOCKET), W(IPPROTO_TCP), W(IPPROTO_IP), W(IPPROTO_IPV6), {0, NULL}};
static const struct word types[] = {W(SOCK_STREAM), W(SOCK_DGRAM), W(SOCK_RAW), {0, NULL}};
static const struct word socket_flags[] = {W(SOCK_NONBLOCK), W(SOCK_CLOEXEC), {0, NULL}};
static const struct word fd_flags[] = {W(O_CLOEXEC), {0, NULL}};
static const struct word close_range_flags[] = {W(CLOSE_RANGE_UNSHARE), W(CLOSE_RANGE_CLOEXEC), {0, NULL}};
static const struct word fcntls[] = {W(F_DUPFD), W(F_DUPFD_CLOEXEC), W(F_GETFD),  W(F_SETFD), W(F_GETFL),
				     W(F_SETFL), W(F_GETOWN),	     W(F_SETOWN), {0, NULL}};
static const struct word ioctls[] = {W(FIONREAD), W(FIONBIO),	 W(FIOASYNC),	W(FIOCLEX),
				     W(FIONCLEX), W(SIOCOUTQ),	 W(SIOCATMARK), W(SIOCGIFCONF),
				     W(TCGETS),	  W(TIOCGWINSZ), {0, NULL}};
static const struct word msg_flags[] = {
	W(MSG_OOB),	   W(MSG_PEEK),	    W(MSG_DONTROUTE), W(MSG_CTRUNC),	   W(MSG_TRUNC),    W(MSG_DONTWAIT),
	W(MSG_EOR),	   W(MSG_WAITALL),  W(MSG_CONFIRM),   W(MSG_ERRQUEUE),	   W(MSG_NOSIGNAL), W(MSG_MORE),
	W(MSG_WAITFORONE), W(MSG_ZEROCOPY), W(MSG_FASTOPEN),  W(MSG_CMSG_CLOEXEC), {0, NULL}};
static const struct word socket_options[] = {
	W(SO_REUSEADDR), W(SO_TYPE),	  W(SO_ERROR),	      W(SO_DONTROUTE),	W(SO_BROADCAST), W(SO_SNDBUF),
	W(SO_RCVBUF),	 W(SO_KEEPALIVE), W(SO_OOBINLINE),    W(SO_LINGER),	W(SO_REUSEPORT), W(SO_RCVLOWAT),
	W(SO_SNDLOWAT),	 W(SO_RCVTIMEO),  W(SO_SNDTIMEO),     W(SO_ACCEPTCONN), W(SO_PROTOCOL),	 W(SO_DOMAIN),
	W(SO_PRIORITY),	 W(SO_MARK),	  W(SO_BUSY_POLL),    W(SO_COOKIE),	W(SO_ZEROCOPY),	 W(SO_INCOMING_CPU),
	W(SO_TIMESTAMP), W(SO_PEERCRED),  W(SO_BINDTODEVICE), {0, NULL}};
static const struct word tcp_options[] = {
	W(TCP_NODELAY),		 W(TCP_MAXSEG),	       W(TCP_CORK),	W(TCP_KEEPIDLE),
	W(TCP_KEEPINTVL),	 W(TCP_KEEPCNT),       W(TCP_SYNCNT),	W(TCP_LINGER2),
	W(TCP_DEFER_ACCEPT),	 W(TCP_WINDOW_CLAMP),  W(TCP_INFO),	W(TCP_QUICKACK),
	W(TCP_CONGESTION),	 W(TCP_USER_TIMEOUT),  W(TCP_FASTOPEN), W(TCP_ULP),
	W(TCP_FASTOPEN_CONNECT), W(TCP_NOTSENT_LOWAT), {0, NULL}};
static const struct word ip_options[] = {
	W(IP_TOS),	    W(IP_TTL), W(IP_FREEBIND), W(IP_TRANSPARENT), W(IP_BIND_ADDRESS_NO_PORT),
	W(IP_MTU_DISCOVER), {0, NULL}};
static const struct word ipv6_options[] = {W(IPV6_V6ONLY), W(IPV6_TCLASS), W(IPV6_UNICAST_HOPS), {0, NULL}};

static void put_word(struct spy_buf *out, const struct word *words, int64_t value)
{
	for (; words->name; words++)
		if (words->value == value) {
			spy_buf_str(out, words->name);
			return;
		}
	spy_buf_int(out, value);
}

/* Names joined with '|', the first of them perhaps already there; "" for no flag at all. */
static void put_flags(struct spy_buf *out, const struct word *words, int64_t value)
{
	const char *before = "";

	for (; value && words->name; words++)
		if (words->value && (value & words->value) == words->value) {
			spy_buf_str(out, before);
			spy_buf_str(out, words->name);
			before = "|";
			value &= ~words->value;
		}
	if (value) {
		spy_buf_str(out, before);
		spy_buf_str(out, "0x");
		spy_buf_hex(out, (uint64_t)value);
	}
}

static void put_socket_type(struct spy_buf *out, int64_t value)
{
	const int64_t flags = SOCK_NONBLOCK | SOCK_CLOEXEC;

	put_word(out, types, value & ~flags);
	if (value & flags) {
		spy_buf_char(out, '|');
		put_flags(out, socket_flags, value & flags);
	}
}

static void put_option(struct spy_buf *out, int64_t level, int64_t option)
{
	switch (level) {
	case SOL_SOCKET:
		put_word(out, socket_options, option);
		break;
	case IPPROTO_TCP:
		put_word(out, tcp_options, option);
		break;
	case IPPROTO_IP:
		put_word(out, ip_options, option);
		break;
	case IPPROTO_IPV6:
		put_word(out, ipv6_options, option);
		break;
	default:
		spy_buf_int(out, option);
	}
}

enum spy_arg_form spy_arg_form(const struct spy_event *ev, unsigned int index)
{
	enum spy_arg_kind kind = spy_calls[ev->call].args[index].kind;

	if (kind == SPY_ARG_NONE)
		return SPY_FORM_ABSENT;
	if (kind == SPY_ARG_ADDRESS)
		return SPY_FORM_WORD;
	if (ev->arg[index] == SPY_UNKNOWN)
		return SPY_FORM_ABSENT;
	return kind == SPY_ARG_NUMBER || kind == SPY_ARG_VALUE ? SPY_FORM_NUMBER : SPY_FORM_WORD;
}

void spy_put_arg(struct spy_buf *out, const struct spy_event *ev, unsigned int index)
{
	int64_t value = ev->arg[index];

	switch (spy_calls[ev->call].args[index].kind) {
	case SPY_ARG_DOMAIN:
		put_word(out, domains, value);
		break;
	case SPY_ARG_SOCKET_TYPE:
		put_socket_type(out, value);
		break;
	case SPY_ARG_SOCKET_FLAGS:
		put_flags(out, socket_flags, value);
		break;
	case SPY_ARG_LEVEL:
		put_word(out, levels, value);
		break;
	case SPY_ARG_OPTION:
		put_option(out, ev->arg[index - 1], value);
		break;
	case SPY_ARG_ADDRESS:
		spy_buf_addr(out, &ev->target);
		break;
	case SPY_ARG_HOW:
		put_word(out, hows, value);
		break;
	case SPY_ARG_MSG_FLAGS:
		put_flags(out, msg_flags, value);
		break;
	case SPY_ARG_FD_FLAGS:
		put_flags(out, fd_flags, value);
		break;
	case SPY_ARG_CLOSE_RANGE:
		put_flags(out, close_range_flags, value);
		break;
	case SPY_ARG_FCNTL:
		put_word(out, fcntls, value);
		break;
	case SPY_ARG_IOCTL:
		put_word(out, ioctls, value);
		break;
	default:
		spy_buf_int(out, value);
	}
}
