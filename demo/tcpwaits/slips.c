/*
 * The slips scenario: the tutorial's program with its mistakes, which the tool is
 * shown on. Each is marked `Slip` and written out here; the helpers of net.h do
 * it right and are used only where the tutorial does, too.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net.h"
#include "say.h"
#include "scenario.h"

/* Slip: without MSG_NOSIGNAL, one more send() after a RST would end the program by SIGPIPE. */
static void send_without_nosignal(const char *who, int fd, const char *text)
{
	say(who, "send(\"%s\"), without MSG_NOSIGNAL and with SIGPIPE at its default", text);
	if (send(fd, text, strlen(text), 0) != (ssize_t)strlen(text))
		fail(who, "send(): %s", strerror(errno));
}

/* Slip: "set SO_REUSEADDR", says the tutorial, and its code sets SO_REUSEPORT. */
static int bind_with_reuseport(uint16_t port)
{
	struct sockaddr_in address = loopback(port);
	int fd = new_socket();
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1)
		fail(SERVER, "setsockopt(SO_REUSEPORT): %s", strerror(errno));
	say(SERVER, "sets SO_REUSEPORT, which lets a second program listen on the same port");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (errno == EADDRINUSE) {
		say(SERVER,
		    "bind() = -1 EADDRINUSE: SO_REUSEPORT does not pass over the TIME_WAIT "
		    "that another scenario has left on port %u; takes a free port",
		    port);
		address = loopback(0);
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
	}
	fail(SERVER, "bind(): %s", strerror(errno));
}

static void serve_with_slips(struct stage *stage)
{
	int listener = bind_with_reuseport(stage->server_port);
	int fd;

	/* Bound but not listening yet: the port is known, and the first connect() must fail. */
	stage->server_port = local_port(listener);
	give_cue(stage, SERVER_BOUND);
	await_cue(stage, CONNECT_REFUSED);
	if (listen(listener, SOMAXCONN) == -1)
		fail(SERVER, "listen(): %s", strerror(errno));
	say(SERVER, "listens on 127.0.0.1:%u", stage->server_port);
	give_cue(stage, SERVER_LISTENS);

	fd = accept_client(listener);
	close_socket(listener);
	receive_message(SERVER, fd, HELLO_SERVER);
	send_without_nosignal(SERVER, fd, HELLO_CLIENT);
	read_until_end(SERVER, fd, CLIENT);
	send_without_nosignal(SERVER, fd, GOODBYE_CLIENT);
	/* With the server's end still open, the client's shutdown(SHUT_RD) has something to end. */
	await_cue(stage, CLIENT_CLOSED);
	close_socket(fd);
}

/* Slip: POSIX leaves a socket unspecified whose connect() failed; Linux lets it connect again. */
static int connect_again_on_the_same_socket(struct stage *stage)
{
	struct sockaddr_in address;
	int fd = new_socket();

	await_cue(stage, SERVER_BOUND);
	address = loopback(stage->server_port);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != -1 || errno != ECONNREFUSED)
		fail(CLIENT, "connect() to a port where nobody listens was not refused");
	say(CLIENT, "connect() = -1 ECONNREFUSED: the server does not listen yet");
	give_cue(stage, CONNECT_REFUSED);

	await_cue(stage, SERVER_LISTENS);
	say(CLIENT, "connect() again, on the same socket, which POSIX leaves unspecified");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		fail(CLIENT, "connect(): %s", strerror(errno));
	return fd;
}

/* Slip: shutdown() ends the directions and frees nothing; only close() would. */
static void leave_without_close(int fd)
{
	say(CLIENT, "shutdown(SHUT_WR)");
	if (shutdown(fd, SHUT_WR) == -1)
		fail(CLIENT, "shutdown(SHUT_WR): %s", strerror(errno));
	receive_message(CLIENT, fd, GOODBYE_CLIENT);
	if (shutdown(fd, SHUT_RD) == -1)
		fail(CLIENT, "shutdown(SHUT_RD): %s", strerror(errno));
	say(CLIENT, "shutdown(SHUT_RD) and no close(): the descriptor stays open");
}

static void visit_with_slips(struct stage *stage)
{
	int fd = connect_again_on_the_same_socket(stage);

	send_without_nosignal(CLIENT, fd, HELLO_SERVER);
	receive_message(CLIENT, fd, HELLO_CLIENT);
	leave_without_close(fd);
	give_cue(stage, CLIENT_CLOSED);
}

void run_slips(struct stage *stage)
{
	play(stage, serve_with_slips, visit_with_slips);
}
