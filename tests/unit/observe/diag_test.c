/*
 * Tests of shim/observe/diag.h against kernels that are not at hand: the questions go to a kernel of
 * the test's own, which answers as its cases say.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <cmocka.h>

static long fake_call(long number, const void *argument);

/* diag.c with this file's system calls in place of sys.h's, and under names of its own. */
#define SPY_SYS_SYS_H
#define spy_sys3(number, a, b, c) fake_call((number), (const void *)(intptr_t)(b))
#define spy_diag_init		  fake_diag_init
#define spy_diag_fd		  fake_diag_fd
#define spy_diag_moved		  fake_diag_moved
#define spy_diag_reset		  fake_diag_reset
#define spy_diag_fin_timeout_ms	  fake_diag_fin_timeout_ms
#define spy_diag_other_network	  fake_diag_other_network
#define spy_diag_open		  fake_diag_open
#define spy_diag_state		  fake_diag_state
#define spy_diag_is_listening	  fake_diag_is_listening
#define spy_diag_port_holders	  fake_diag_port_holders
#define spy_diag_peer_connections fake_diag_peer_connections
#include "../../../shim/observe/diag.c" /* NOLINT(bugprone-suspicious-include) */

enum module { NO_INET_DIAG, NO_TCP_DIAG, ALL_THERE };

static struct {
	enum module module;
	bool refuses; /* a filter: EPERM at every send */
	bool knows; /* the connection that is asked about */
	char reply[256];
	size_t reply_len;
	uint64_t listener; /* the cookie of the one that the kernel finds; 0: none */
	int dumps;
} kernel;

static void reply_with(uint16_t type, const void *body, size_t len)
{
	struct nlmsghdr head = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(len), .nlmsg_type = type};

	memcpy(kernel.reply, &head, sizeof(head));
	memcpy(kernel.reply + NLMSG_HDRLEN, body, len);
	kernel.reply_len = NLMSG_LENGTH(len);
}

static void reply_error(int error)
{
	reply_with(NLMSG_ERROR, &(struct nlmsgerr){.error = error}, sizeof(struct nlmsgerr));
}

/* linux/net/core/sock_diag.c and linux/net/ipv4/inet_diag.c. */
static void answer(const struct request *request)
{
	int none = 0, refused = -ENOENT;

	if (kernel.module == NO_INET_DIAG) {
		reply_error(-ENOENT);
	} else if (request->head.nlmsg_flags & NLM_F_DUMP) {
		kernel.dumps++;
		reply_with(NLMSG_DONE, kernel.module == ALL_THERE ? &none : &refused, sizeof(none));
	} else if (kernel.module == ALL_THERE && kernel.listener && !request->body.id.idiag_dport) {
		struct inet_diag_msg found = {.idiag_state = SPY_STATE_LISTEN, .id = request->body.id};

		found.id.idiag_cookie[0] = (uint32_t)kernel.listener;
		found.id.idiag_cookie[1] = (uint32_t)(kernel.listener >> 32);
		reply_with(SOCK_DIAG_BY_FAMILY, &found, sizeof(found));
	} else if (kernel.module == ALL_THERE && kernel.knows) {
		struct inet_diag_msg found = {.idiag_state = SPY_STATE_FIN_WAIT_1, .id = request->body.id};

		reply_with(SOCK_DIAG_BY_FAMILY, &found, sizeof(found));
	} else {
		reply_error(-ENOENT);
	}
}

static long fake_call(long number, const void *argument)
{
	const struct msghdr *msg = argument;

	if (number == SYS_socket)
		return 700;
	if (number == SYS_sendmsg) {
		if (kernel.refuses)
			return -EPERM;
		answer(msg->msg_iov->iov_base);
		return (long)msg->msg_iov->iov_len;
	}
	if (!kernel.reply_len)
		return -EAGAIN;
	memcpy(msg->msg_iov->iov_base, kernel.reply, kernel.reply_len);
	number = (long)kernel.reply_len;
	kernel.reply_len = 0;
	return number;
}

static int keep_it(int fd)
{
	return fd;
}

static int boot(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.module = ALL_THERE;
	answered = NOT_ASKED;
	other_network = false;
	fake_diag_init(keep_it);
	fake_diag_reset();
	return 0;
}

static enum spy_state ask(void)
{
	const struct spy_addr local = {.ip = {127, 0, 0, 1}, .port = 80, .family = AF_INET};
	const struct spy_addr peer = {.ip = {127, 0, 0, 1}, .port = 4000, .family = AF_INET};
	struct spy_diag_more more;

	return fake_diag_state(&local, &peer, 0, &more);
}

static void connection_that_the_kernel_knows_has_its_state(void **state)
{
	(void)state;
	kernel.knows = true;
	assert_int_equal(ask(), SPY_STATE_FIN_WAIT_1);
	assert_int_equal(kernel.dumps, 0);
}

static void connection_that_is_gone_is_closed_and_that_is_made_sure_of_once(void **state)
{
	(void)state;
	assert_int_equal(ask(), SPY_STATE_CLOSED);
	assert_int_equal(ask(), SPY_STATE_CLOSED);
	assert_int_equal(kernel.dumps, 1);
}

static void kernel_without_inet_diag_does_not_say_closed(void **state)
{
	(void)state;
	kernel.module = NO_INET_DIAG;
	assert_int_equal(ask(), SPY_STATE_UNKNOWN);
	assert_int_equal(ask(), SPY_STATE_UNKNOWN);
}

static void kernel_without_tcp_diag_does_not_say_closed(void **state)
{
	(void)state;
	kernel.module = NO_TCP_DIAG;
	assert_int_equal(ask(), SPY_STATE_UNKNOWN);
	assert_int_equal(ask(), SPY_STATE_UNKNOWN);
	assert_int_equal(kernel.dumps, 1);
}

static void kernel_that_refuses_is_no_answer(void **state)
{
	(void)state;
	kernel.refuses = true;
	assert_int_equal(ask(), SPY_STATE_UNKNOWN);
	kernel.refuses = false;
	assert_int_equal(ask(), SPY_STATE_CLOSED);
}

static void another_network_is_not_asked(void **state)
{
	(void)state;
	kernel.knows = true;
	fake_diag_other_network();
	assert_int_equal(ask(), SPY_STATE_UNKNOWN);
}

static bool listens(uint64_t cookie)
{
	const struct spy_addr local = {.ip = {127, 0, 0, 1}, .port = 80, .family = AF_INET};

	return fake_diag_is_listening(&local, cookie);
}

static void listener_is_known_by_its_cookie(void **state)
{
	(void)state;
	kernel.listener = UINT64_C(0x500000007);
	assert_true(listens(UINT64_C(0x500000007)));
	assert_false(listens(UINT64_C(0x600000007)));
	assert_false(listens(0));
}

static void listener_that_is_gone_or_cannot_be_asked_for_is_none(void **state)
{
	(void)state;
	assert_false(listens(7));
	kernel.listener = 7;
	kernel.refuses = true;
	assert_false(listens(7));
	kernel.refuses = false;
	fake_diag_other_network();
	assert_false(listens(7));
}

int main(void)
{
	const struct CMUnitTest diag[] = {
		cmocka_unit_test_setup(connection_that_the_kernel_knows_has_its_state, boot),
		cmocka_unit_test_setup(connection_that_is_gone_is_closed_and_that_is_made_sure_of_once, boot),
		cmocka_unit_test_setup(kernel_without_inet_diag_does_not_say_closed, boot),
		cmocka_unit_test_setup(kernel_without_tcp_diag_does_not_say_closed, boot),
		cmocka_unit_test_setup(kernel_that_refuses_is_no_answer, boot),
		cmocka_unit_test_setup(another_network_is_not_asked, boot),
		cmocka_unit_test_setup(listener_is_known_by_its_cookie, boot),
		cmocka_unit_test_setup(listener_that_is_gone_or_cannot_be_asked_for_is_none, boot),
	};

	return cmocka_run_group_tests_name("diag", diag, NULL, NULL);
}
