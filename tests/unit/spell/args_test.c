/*
 * Tests of how shim/spell and shim/format spell arguments, errno values, severities and the stories of stacks.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "../../../shim/format/format.h"
#include "../core/replay.h"

/* How argument number index of a call is spelled, where its arguments are these. */
static const char *spelled(enum spy_call_id call, unsigned int index, int64_t first, int64_t second, int64_t third)
{
	static char room[256];
	struct spy_buf buf = SPY_BUF(room);
	struct spy_event ev = {.call = call, .arg = {first, second, third}};

	spy_put_arg(&buf, &ev, index);
	return spy_buf_cstr(&buf);
}

#define assert_spelled(expected, ...) assert_string_equal(spelled(__VA_ARGS__), expected)

static void domains_types_and_protocols_are_words_where_they_have_one(void **state)
{
	(void)state;
	assert_spelled("AF_INET", SPY_CALL_socket, 0, AF_INET, SOCK_STREAM, 0);
	assert_spelled("AF_INET6", SPY_CALL_socket, 0, AF_INET6, SOCK_STREAM, 0);
	assert_spelled("AF_UNSPEC", SPY_CALL_socket, 0, AF_UNSPEC, SOCK_STREAM, 0);
	assert_spelled("77", SPY_CALL_socket, 0, 77, SOCK_STREAM, 0);
	assert_spelled("SOCK_STREAM", SPY_CALL_socket, 1, AF_INET, SOCK_STREAM, 0);
	assert_spelled("SOCK_STREAM|SOCK_CLOEXEC", SPY_CALL_socket, 1, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_spelled("SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC", SPY_CALL_socket, 1, AF_INET,
		       SOCK_CLOEXEC | SOCK_NONBLOCK | SOCK_STREAM, 0);
	assert_spelled("9|SOCK_CLOEXEC", SPY_CALL_socket, 1, AF_INET, 9 | SOCK_CLOEXEC, 0);
	assert_spelled("6", SPY_CALL_socket, 2, AF_INET, SOCK_STREAM, 6);
}

static void flags_are_joined_and_unknown_bits_are_hexadecimal(void **state)
{
	(void)state;
	assert_spelled("", SPY_CALL_recv, 1, 128, 0, SPY_UNKNOWN);
	assert_spelled("MSG_PEEK", SPY_CALL_recv, 1, 128, MSG_PEEK, SPY_UNKNOWN);
	assert_spelled("MSG_PEEK|MSG_DONTWAIT", SPY_CALL_recv, 1, 128, MSG_DONTWAIT | MSG_PEEK, SPY_UNKNOWN);
	assert_spelled("MSG_NOSIGNAL", SPY_CALL_sendmsg, 0, MSG_NOSIGNAL, SPY_UNKNOWN, SPY_UNKNOWN);
	assert_spelled("0x1000000", SPY_CALL_send, 1, 5, 0x1000000, SPY_UNKNOWN);
	assert_spelled("MSG_MORE|0x1000000", SPY_CALL_send, 1, 5, MSG_MORE | 0x1000000, SPY_UNKNOWN);
	assert_spelled("SOCK_NONBLOCK|SOCK_CLOEXEC", SPY_CALL_accept4, 0, SOCK_NONBLOCK | SOCK_CLOEXEC, SPY_UNKNOWN,
		       SPY_UNKNOWN);
	assert_spelled("SOCK_NONBLOCK|0x1", SPY_CALL_accept4, 0, SOCK_NONBLOCK | 1, SPY_UNKNOWN, SPY_UNKNOWN);
	assert_spelled("O_CLOEXEC", SPY_CALL_dup3, 1, 9, O_CLOEXEC, SPY_UNKNOWN);
	assert_spelled("CLOSE_RANGE_UNSHARE|CLOSE_RANGE_CLOEXEC", SPY_CALL_close_range, 1, 9, 6, SPY_UNKNOWN);
	assert_spelled("CLOSE_RANGE_CLOEXEC|0x8", SPY_CALL_close_range, 1, 9, 12, SPY_UNKNOWN);
}

static void an_option_has_the_name_of_its_level(void **state)
{
	(void)state;
	assert_spelled("SOL_SOCKET", SPY_CALL_setsockopt, 0, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_spelled("SO_REUSEADDR", SPY_CALL_setsockopt, 1, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_spelled("SO_LINGER", SPY_CALL_setsockopt, 1, SOL_SOCKET, SO_LINGER, 0);
	assert_spelled("IPPROTO_TCP", SPY_CALL_setsockopt, 0, IPPROTO_TCP, TCP_NODELAY, 1);
	assert_spelled("TCP_NODELAY", SPY_CALL_setsockopt, 1, IPPROTO_TCP, TCP_NODELAY, 1);
	assert_spelled("IPPROTO_IP", SPY_CALL_getsockopt, 0, IPPROTO_IP, IP_TTL, 1);
	assert_spelled("IP_TTL", SPY_CALL_getsockopt, 1, IPPROTO_IP, IP_TTL, 1);
	assert_spelled("IPV6_V6ONLY", SPY_CALL_setsockopt, 1, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	assert_spelled("9999", SPY_CALL_setsockopt, 1, SOL_SOCKET, 9999, 1);
	assert_spelled("132", SPY_CALL_setsockopt, 0, 132, 2, 1);
	assert_spelled("2", SPY_CALL_setsockopt, 1, 132, 2, 1);
	assert_spelled("-1", SPY_CALL_setsockopt, 2, SOL_SOCKET, SO_LINGER, -1);
}

static void other_words_are_those_of_man_pages(void **state)
{
	(void)state;
	assert_spelled("SHUT_RD", SPY_CALL_shutdown, 0, SHUT_RD, SPY_UNKNOWN, SPY_UNKNOWN);
	assert_spelled("SHUT_WR", SPY_CALL_shutdown, 0, SHUT_WR, SPY_UNKNOWN, SPY_UNKNOWN);
	assert_spelled("SHUT_RDWR", SPY_CALL_shutdown, 0, SHUT_RDWR, SPY_UNKNOWN, SPY_UNKNOWN);
	assert_spelled("-3", SPY_CALL_shutdown, 0, -3, SPY_UNKNOWN, SPY_UNKNOWN);
	assert_spelled("F_SETFL", SPY_CALL_fcntl, 0, F_SETFL, O_NONBLOCK, SPY_UNKNOWN);
	assert_spelled("2048", SPY_CALL_fcntl, 1, F_SETFL, 2048, SPY_UNKNOWN);
	assert_spelled("FIONREAD", SPY_CALL_ioctl, 0, FIONREAD, SPY_UNKNOWN, SPY_UNKNOWN);
	assert_spelled("1", SPY_CALL_ioctl, 0, 1, SPY_UNKNOWN, SPY_UNKNOWN);
}

static void an_address_is_the_events_target(void **state)
{
	char room[64];
	struct spy_buf buf = SPY_BUF(room);
	struct spy_event ev = {.call = SPY_CALL_connect, .target = REPLAY_PEER};

	(void)state;
	assert_int_equal(spy_arg_form(&ev, 0), SPY_FORM_WORD);
	spy_put_arg(&buf, &ev, 0);
	assert_string_equal(spy_buf_cstr(&buf), "127.0.0.1:41822");
}

static void an_argument_is_a_number_a_word_or_not_there(void **state)
{
	struct spy_event ev = {.call = SPY_CALL_setsockopt, .arg = {SOL_SOCKET, SO_REUSEADDR, 0}};

	(void)state;
	assert_int_equal(spy_arg_form(&ev, 0), SPY_FORM_WORD);
	assert_int_equal(spy_arg_form(&ev, 1), SPY_FORM_WORD);
	assert_int_equal(spy_arg_form(&ev, 2), SPY_FORM_NUMBER);
	ev.arg[2] = SPY_UNKNOWN;
	assert_int_equal(spy_arg_form(&ev, 2), SPY_FORM_ABSENT);
	ev.call = SPY_CALL_recv;
	assert_int_equal(spy_arg_form(&ev, 0), SPY_FORM_NUMBER);
	assert_int_equal(spy_arg_form(&ev, 2), SPY_FORM_ABSENT);
	ev.call = SPY_CALL_close;
	assert_int_equal(spy_arg_form(&ev, 0), SPY_FORM_ABSENT);
}

static void errors_have_the_names_of_errno_h(void **state)
{
	static const struct {
		int err;
		const char *name;
	} names[] = {
		{EPERM, "EPERM"},
		{EINTR, "EINTR"},
		{EBADF, "EBADF"},
		{EAGAIN, "EAGAIN"},
		{EMFILE, "EMFILE"},
		{ENFILE, "ENFILE"},
		{EPIPE, "EPIPE"},
		{EINVAL, "EINVAL"},
		{ENOTSOCK, "ENOTSOCK"},
		{EADDRINUSE, "EADDRINUSE"},
		{ECONNRESET, "ECONNRESET"},
		{EADDRNOTAVAIL, "EADDRNOTAVAIL"},
		{ENOTCONN, "ENOTCONN"},
		{ECONNREFUSED, "ECONNREFUSED"},
		{ETIMEDOUT, "ETIMEDOUT"},
		{EINPROGRESS, "EINPROGRESS"},
		{EISCONN, "EISCONN"},
		{EALREADY, "EALREADY"},
		{EHOSTUNREACH, "EHOSTUNREACH"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(spy_errno_name(names[i].err), names[i].name);
}

/* libc's own table, which may not be used in a handler, says what each number is called. */
static void every_error_that_libc_knows_has_its_name(void **state)
{
	(void)state;
	for (int err = 1; err < 200; err++) {
		const char *name = spy_errno_name(err);

#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
		if (err == EHWPOISON)
			continue;
		if (strerrorname_np(err))
			assert_string_equal(name ? name : "none", strerrorname_np(err));
		else
			assert_null(name);
#else
		assert_true(!name || name[0] == 'E');
#endif
	}
}

static void what_is_no_error_has_no_name(void **state)
{
	(void)state;
	assert_null(spy_errno_name(0));
	assert_null(spy_errno_name(-1));
	assert_null(spy_errno_name(INT32_MIN));
	for (int err = ERFKILL + 1; err <= 4095; err++)
		assert_true(err == EHWPOISON || !spy_errno_name(err));
	assert_null(spy_errno_name(INT32_MAX));
}

static void severities_and_stories_are_spelled_as_the_contract_says(void **state)
{
	(void)state;
	assert_string_equal(spy_severity_name(SPY_ERROR, true), "ERROR");
	assert_string_equal(spy_severity_name(SPY_WARNING, true), "WARNING");
	assert_string_equal(spy_severity_name(SPY_NOTE, true), "NOTE");
	assert_string_equal(spy_severity_name(SPY_ERROR, false), "error");
	assert_string_equal(spy_severity_name(SPY_WARNING, false), "warning");
	assert_string_equal(spy_severity_name(SPY_NOTE, false), "note");
	assert_string_equal(spy_story_member(SPY_STORY_CREATED), "created");
	assert_string_equal(spy_story_member(SPY_STORY_EOF), "eof");
	assert_string_equal(spy_story_member(SPY_STORY_CLOSED), "closed");
	assert_string_equal(spy_story_member(SPY_STORY_HERE), "here");
	assert_string_equal(spy_story_title(SPY_STORY_CREATED), "created at");
	assert_string_equal(spy_story_title(SPY_STORY_EOF), "end of file read at");
	assert_string_equal(spy_story_title(SPY_STORY_CLOSED), "closed at");
	assert_string_equal(spy_story_title(SPY_STORY_HERE), "used at");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_types_and_protocols_are_words_where_they_have_one),
		cmocka_unit_test(flags_are_joined_and_unknown_bits_are_hexadecimal),
		cmocka_unit_test(an_option_has_the_name_of_its_level),
		cmocka_unit_test(other_words_are_those_of_man_pages),
		cmocka_unit_test(an_address_is_the_events_target),
		cmocka_unit_test(an_argument_is_a_number_a_word_or_not_there),
		cmocka_unit_test(errors_have_the_names_of_errno_h),
		cmocka_unit_test(every_error_that_libc_knows_has_its_name),
		cmocka_unit_test(what_is_no_error_has_no_name),
		cmocka_unit_test(severities_and_stories_are_spelled_as_the_contract_says),
	};

	return cmocka_run_group_tests_name("args", tests, NULL, NULL);
}
