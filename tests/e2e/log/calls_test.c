/*
 * Every intercepted call on a TCP socket is in the log under its plain name with descriptor,
 * arguments, result and errno, and the program notices nothing: a row for each.
 */
#include "../../support/test.h"

#include <stdio.h>
#include <string.h>

enum { S = SCRIPT_S_FD, C, A, NEXT_FD };

/* The result is not compared: it is an address, or whatever the kernel gave. */
#define ANY LOG_NO_NUMBER

struct row {
	const char *title;
	const char *lines; /* after SCRIPT_PAIR; the call of the row is the last of that name and fd */
	const char *call;
	const char *error; /* NULL: success */
	const char *args; /* null in it is anything */
	const char *state; /* a pattern */
	int64_t ret;
	int fd;
	bool eof;
};

#define OK(call_, fd_, ret_, args_, state_)                                                                            \
	.call = (call_), .fd = (fd_), .ret = (ret_), .args = (args_), .state = (state_)
#define FAILS(call_, fd_, error_, args_, state_)                                                                       \
	.call = (call_), .fd = (fd_), .ret = -1, .error = (error_), .args = (args_), .state = (state_)

#define GO "ESTABLISHED"
/* The kernel may take its time (RFC 9293, 3.8.6.3) with the ACK that leads from the one to the other. */
#define CLOSING_UP "FIN_WAIT_[12]"

static const struct row setup_rows[] = {
	{"socket", "x=socket 4 stream nonblock cloexec",
	 OK("socket", NEXT_FD, NEXT_FD,
	    "{'domain':'AF_INET','type':'SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC','protocol':0}", "CLOSED")},
	{"setsockopt", "setsockopt c nodelay 1",
	 OK("setsockopt", C, 0, "{'level':'IPPROTO_TCP','option':'TCP_NODELAY','value':1}", GO)},
	{"setsockopt of a struct", "setsockopt c linger 5",
	 OK("setsockopt", C, 0, "{'level':'SOL_SOCKET','option':'SO_LINGER','value':5}", GO)},
	{"getsockopt", "getsockopt c error",
	 OK("getsockopt", C, 0, "{'level':'SOL_SOCKET','option':'SO_ERROR','value':0}", GO)},
	{"getsockopt of a struct", "getsockopt c info",
	 OK("getsockopt", C, 0, "{'level':'IPPROTO_TCP','option':'TCP_INFO'}", GO)},
	{"bind", "x=socket 4 stream; bind x 127.0.0.1 0",
	 OK("bind", NEXT_FD, 0, "{'address':'127.0.0.1:0'}", "CLOSED")},
	{"bind that fails", "x=socket 4 stream; bind x 127.0.0.1 @s",
	 FAILS("bind", NEXT_FD, "EADDRINUSE", "{'address':null}", "CLOSED")},
	{"listen", "listen s 7", OK("listen", S, 0, "{'backlog':7}", "LISTEN")},
	{"listen that fails", "listen c 7", FAILS("listen", C, "EINVAL", "{'backlog':7}", GO)},
	{"connect", "x=socket 4 stream; connect x 127.0.0.1 @s", OK("connect", NEXT_FD, 0, "{'address':null}", GO)},
	{"connect that is refused", "x=socket 4 stream; y=socket 4 stream; bind y 127.0.0.1 0; connect x 127.0.0.1 @y",
	 FAILS("connect", NEXT_FD, "ECONNREFUSED", "{'address':null}", "CLOSED")},
	{"__connect", "x=socket 4 stream; __connect x 127.0.0.1 @s", OK("connect", NEXT_FD, 0, "{'address':null}", GO)},
	{"syscall(SYS_connect)", "x=socket 4 stream; syscall.connect x 127.0.0.1 @s",
	 OK("connect", NEXT_FD, 0, "{'address':null}", GO)},
	{"accept", "x=socket 4 stream; connect x 127.0.0.1 @s; accept s", OK("accept", S, NEXT_FD + 1, "{}", GO)},
	{"accept that would block", "fcntl s setfl nonblock; accept s", FAILS("accept", S, "EAGAIN", "{}", "LISTEN")},
	{"accept4", "x=socket 4 stream; connect x 127.0.0.1 @s; accept4 s nonblock cloexec",
	 OK("accept4", S, NEXT_FD + 1, "{'flags':'SOCK_NONBLOCK|SOCK_CLOEXEC'}", GO)},
	{"syscall(SYS_accept)", "x=socket 4 stream; connect x 127.0.0.1 @s; syscall.accept s",
	 OK("accept", S, NEXT_FD + 1, "{}", GO)},
	{"fcntl(F_SETFL)", "fcntl c setfl nonblock", OK("fcntl", C, 0, "{'cmd':'F_SETFL','arg':2048}", GO)},
	{"fcntl(F_SETFD)", "fcntl c setfd 1", OK("fcntl", C, 0, "{'cmd':'F_SETFD','arg':1}", GO)},
	{"fcntl(F_DUPFD)", "fcntl c dupfd 40", OK("fcntl", C, 40, "{'cmd':'F_DUPFD','arg':40}", GO)},
	{"fcntl64", "fcntl64 c dupfd_cloexec 40", OK("fcntl", C, 40, "{'cmd':'F_DUPFD_CLOEXEC','arg':40}", GO)},
	{"__fcntl", "__fcntl c setfd 1", OK("fcntl", C, 0, "{'cmd':'F_SETFD','arg':1}", GO)},
	{"ioctl", "send a abc; ioctl c fionread 0", OK("ioctl", C, 0, "{'request':'FIONREAD'}", GO)},
	{"dup", "dup c", OK("dup", C, NEXT_FD, "{}", GO)},
	{"dup2", "dup2 c 41", OK("dup2", C, 41, "{'newfd':41}", GO)},
	{"__dup2", "__dup2 c 41", OK("dup2", C, 41, "{'newfd':41}", GO)},
	{"dup3", "dup3 c 41", OK("dup3", C, 41, "{'newfd':41,'flags':'O_CLOEXEC'}", GO)},
	{"getpeername", "getpeername c", OK("getpeername", C, 0, "{}", GO)},
	{"getsockname", "getsockname c", OK("getsockname", C, 0, "{}", GO)},
	{"fdopen", "fclose c", OK("fdopen", C, ANY, "{}", GO)},
};

static const struct row read_rows[] = {
	{"recv", "send a hello; recv c 20", OK("recv", C, 5, "{'len':20,'flags':''}", GO)},
	{"recv with flags", "send a hello; recv c 20 peek dontwait",
	 OK("recv", C, 5, "{'len':20,'flags':'MSG_PEEK|MSG_DONTWAIT'}", GO)},
	{"recv that would block", "recv c 20 dontwait",
	 FAILS("recv", C, "EAGAIN", "{'len':20,'flags':'MSG_DONTWAIT'}", GO)},
	{"recv at the end of file", "close a; recv c 20", OK("recv", C, 0, "{'len':20,'flags':''}", "CLOSE_WAIT"),
	 .eof = true},
	{"recv of no bytes", "send a x; recv c 0 dontwait", OK("recv", C, 0, "{'len':0,'flags':'MSG_DONTWAIT'}", GO)},
	{"recv after close", "close c; recv c 20", FAILS("recv", C, "EBADF", "{'len':20,'flags':''}", "CLOSED")},
	{"recvfrom", "send a hello; recvfrom c 20", OK("recvfrom", C, 5, "{'len':20,'flags':''}", GO)},
	{"recvmsg", "send a hello; recvmsg c 20 peek", OK("recvmsg", C, 5, "{'flags':'MSG_PEEK'}", GO)},
	{"recvmmsg", "send a hello; recvmmsg c 20 dontwait",
	 OK("recvmmsg", C, 1, "{'vlen':1,'flags':'MSG_DONTWAIT'}", GO)},
	{"read", "send a hello; read c 20", OK("read", C, 5, "{'len':20}", GO)},
	{"read at the end of file", "close a; read c 20", OK("read", C, 0, "{'len':20}", "CLOSE_WAIT"), .eof = true},
	{"readv", "send a hello; readv c 20", OK("readv", C, 5, "{'iovcnt':2}", GO)},
	{"readv at the end of file", "close a; readv c 20", OK("readv", C, 0, "{'iovcnt':2}", "CLOSE_WAIT"),
	 .eof = true},
	{"recvmsg at the end of file", "close a; recvmsg c 20", OK("recvmsg", C, 0, "{'flags':''}", "CLOSE_WAIT"),
	 .eof = true},
	{"__recv_chk", "send a hello; __recv_chk c 20", OK("recv", C, 5, "{'len':20,'flags':''}", GO)},
	{"__recvfrom_chk", "send a hello; __recvfrom_chk c 20", OK("recvfrom", C, 5, "{'len':20,'flags':''}", GO)},
	{"__read_chk", "send a hello; __read_chk c 20", OK("read", C, 5, "{'len':20}", GO)},
	{"__read", "send a hello; __read c 20", OK("read", C, 5, "{'len':20}", GO)},
	{"syscall(SYS_recvfrom)", "send a hello; syscall.recvfrom c 20",
	 OK("recvfrom", C, 5, "{'len':20,'flags':''}", GO)},
	{"syscall(SYS_read)", "send a hello; syscall.read c 20", OK("read", C, 5, "{'len':20}", GO)},
	{"splice from a socket", "send a hello; pipe r w; splice c w 5",
	 OK("splice", C, 5, "{'other_fd':7,'len':5}", GO)},
};

static const struct row write_rows[] = {
	{"send", "send c hello nosignal; recv a 9", OK("send", C, 5, "{'len':5,'flags':'MSG_NOSIGNAL'}", GO)},
	{"send after close", "close c; send c hello", FAILS("send", C, "EBADF", "{'len':5,'flags':''}", "CLOSED")},
	{"send that breaks the pipe", "shutdown c wr; send c hello nosignal",
	 FAILS("send", C, "EPIPE", "{'len':5,'flags':'MSG_NOSIGNAL'}", CLOSING_UP)},
	{"sendto", "sendto c hello; recv a 9", OK("sendto", C, 5, "{'len':5,'flags':''}", GO)},
	{"sendmsg", "sendmsg c hello; recv a 9", OK("sendmsg", C, 5, "{'flags':''}", GO)},
	{"sendmmsg", "sendmmsg c hello; recv a 9", OK("sendmmsg", C, 1, "{'vlen':1,'flags':''}", GO)},
	{"write", "write c hello; recv a 9", OK("write", C, 5, "{'len':5}", GO)},
	{"writev", "writev c hello; recv a 9", OK("writev", C, 5, "{'iovcnt':2}", GO)},
	{"__send", "__send c hello; recv a 9", OK("send", C, 5, "{'len':5,'flags':''}", GO)},
	{"__write", "__write c hello; recv a 9", OK("write", C, 5, "{'len':5}", GO)},
	{"syscall(SYS_sendto)", "syscall.sendto c hello; recv a 9", OK("sendto", C, 5, "{'len':5,'flags':''}", GO)},
	{"syscall(SYS_write)", "syscall.write c hello; recv a 9", OK("write", C, 5, "{'len':5}", GO)},
	{"dprintf", "dprintf c hello; recv a 9", OK("dprintf", C, 5, "{}", GO)},
	{"vdprintf", "vdprintf c hello; recv a 9", OK("vdprintf", C, 5, "{}", GO)},
	{"__dprintf_chk", "__dprintf_chk c hello; recv a 9", OK("dprintf", C, 5, "{}", GO)},
	{"__vdprintf_chk", "__vdprintf_chk c hello; recv a 9", OK("vdprintf", C, 5, "{}", GO)},
	{"sendfile", "f=open data; sendfile c f 5; recv a 9", OK("sendfile", C, 5, "{'in_fd':6,'len':5}", GO)},
	{"sendfile64", "f=open data; sendfile64 c f 5; recv a 9", OK("sendfile", C, 5, "{'in_fd':6,'len':5}", GO)},
	{"splice into a socket", "pipe r w; write w hello; splice r c 5; recv a 9",
	 OK("splice", C, 5, "{'other_fd':6,'len':5}", GO)},
};

static const struct row end_rows[] = {
	{"shutdown(SHUT_WR)", "shutdown c wr", OK("shutdown", C, 0, "{'how':'SHUT_WR'}", CLOSING_UP)},
	{"shutdown(SHUT_RD)", "shutdown c rd", OK("shutdown", C, 0, "{'how':'SHUT_RD'}", GO)},
	{"shutdown(SHUT_RDWR)", "shutdown c rdwr", OK("shutdown", C, 0, "{'how':'SHUT_RDWR'}", CLOSING_UP)},
	{"shutdown that fails", "x=socket 4 stream; shutdown x wr",
	 FAILS("shutdown", NEXT_FD, "ENOTCONN", "{'how':'SHUT_WR'}", "CLOSED")},
	{"shutdown after close", "close c; shutdown c wr",
	 FAILS("shutdown", C, "EBADF", "{'how':'SHUT_WR'}", "CLOSED")},
	{"close", "close c", OK("close", C, 0, "{}", CLOSING_UP)},
	{"close of a listener", "close s", OK("close", S, 0, "{}", "CLOSED")},
	{"close that fails", "close c; close c", FAILS("close", C, "EBADF", "{}", "CLOSED")},
	{"__close", "__close c", OK("close", C, 0, "{}", CLOSING_UP)},
	{"syscall(SYS_close)", "syscall.close c", OK("close", C, 0, "{}", CLOSING_UP)},
	{"closefrom", "closefrom c", OK("closefrom", C, 0, "{}", "FIN_WAIT_[12]|TIME_WAIT")},
	{"close_range", "close_range c c", OK("close_range", C, 0, "{'last':4,'flags':''}", CLOSING_UP)},
	{"fclose", "fclose c", OK("fclose", C, 0, "{}", CLOSING_UP)},
	{"fclose with a text in its buffer", "fputs c hello; recv a 9", OK("fclose", C, 0, "{}", CLOSING_UP)},
};

static void assert_args(json_object *record, const char *expected)
{
	char *text = memory_get(strlen(expected) + 1);
	json_object *args = log_member(record, "args");
	json_object *wanted;
	size_t count = 0;

	for (size_t i = 0; expected[i]; i++)
		text[i] = expected[i] == '\'' ? '"' : expected[i];
	wanted = json_tokener_parse(text);
	assert_non_null(wanted);
	json_object_object_foreach(wanted, name, value)
	{
		json_object *got = json_object_object_get(args, name);

		if (!got || (value && !json_object_equal(got, value)))
			test_fail("args.%s is not as in %s: %s", name, text, json_object_to_json_string(record));
		count++;
	}
	if ((size_t)json_object_object_length(args) != count)
		test_fail("there are other arguments than %s: %s", text, json_object_to_json_string(record));
	json_object_put(wanted);
}

/* The call is in the log as its row says, and the program prints and returns what it does without the shim. */
static void call_is_logged_and_unchanged(void **state)
{
	const struct row *row = *state;
	const char *lines;
	struct log log;
	json_object *record;

	/* Here, because CMocka hands what a setup leaves in state, and that is the row. */
	assert_int_equal(test_setup(NULL), 0);
	file_write(file_temp("data"), "hello world");
	lines = memory_text("%s%s\n", SCRIPT_PAIR, row->lines);
	log = script_run_alike(NULL, lines);
	record = log_last(&log, &(const struct log_match){.type = "call", .call = row->call, .fd = row->fd});
	if (row->ret != ANY)
		log_assert_number(record, "ret", row->ret);
	log_assert_text(record, "errno", row->error ? row->error : "");
	log_assert_like(record, "state", memory_text("^(%s)$", row->state));
	log_assert_text(record, "state_source", "kernel");
	assert_args(record, row->args);
	if (strcmp(log_text(record, "observed_eof"), row->eof ? "true" : "") != 0 &&
	    (row->eof || strcmp(log_text(record, "observed_eof"), "false") != 0))
		test_fail("observed_eof is wrong: %s", json_object_to_json_string(record));
}

/* Less room than the address takes: what there was in it before is nobody's. */
static void accept_with_any_room_knows_its_peer(void **state)
{
	static const char *const rooms[] = {"", " 0", " 4", " 15", " 16", " 128"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
		const char *lines = memory_text(SCRIPT_LISTENER
						"c=socket 4 stream; connect c 127.0.0.1 @s; a=accept s%s\n" SCRIPT_END,
						rooms[i]);
		struct log log = script_run_alike(NULL, lines);
		json_object *connects = log_last(&log, &(const struct log_match){.type = "call", .call = "connect"});
		json_object *accepts = log_last(&log, &(const struct log_match){.type = "call", .call = "accept"});

		assert_string_equal(log_text(accepts, "peer"), log_text(connects, "local"));
	}
}

static size_t add_rows(struct CMUnitTest *tests, const struct row *rows, size_t count)
{
	static char names[128][96];
	static size_t used;

	for (size_t i = 0; i < count; i++) {
		snprintf(names[used], sizeof(names[used]), "%s is logged and unchanged", rows[i].title);
		tests[i] = (struct CMUnitTest){
			.name = names[used++],
			.test_func = call_is_logged_and_unchanged,
			.teardown_func = test_teardown,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	}
	return count;
}

int main(void)
{
	struct CMUnitTest
		calls[1 + ARRAY_LEN(setup_rows) + ARRAY_LEN(read_rows) + ARRAY_LEN(write_rows) + ARRAY_LEN(end_rows)];
	size_t count = 0;

	calls[count++] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(accept_with_any_room_knows_its_peer,
									    test_setup, test_teardown);
	count += add_rows(calls + count, setup_rows, ARRAY_LEN(setup_rows));
	count += add_rows(calls + count, read_rows, ARRAY_LEN(read_rows));
	count += add_rows(calls + count, write_rows, ARRAY_LEN(write_rows));
	add_rows(calls + count, end_rows, ARRAY_LEN(end_rows));
	return cmocka_run_group_tests_name("calls", calls, NULL, NULL);
}
