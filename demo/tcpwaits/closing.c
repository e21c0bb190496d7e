/*
 * The scenarios about closing: baseline, close-wait, close-then-recv, half-close
 * and client-first. Each is a pair of endings (parts.h) and a look at what the
 * kernel still keeps afterwards.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "kernel.h"
#include "net.h"
#include "parts.h"
#include "say.h"
#include "scenario.h"

enum { RESET_TIMEOUT_MS = 2000 };

/* baseline */

static void close_at_once(struct stage *stage, int fd)
{
	/* The end of file is not waited for; that the server is first is the cue's doing. */
	await_cue(stage, SERVER_CLOSED);
	say(CLIENT, "close(): at once, so CLOSE_WAIT hardly exists on this side");
	close_socket(fd);
}

void run_baseline(struct stage *stage)
{
	play_endings(stage, close_first, close_at_once);
	tell_server_side(stage, "TIME_WAIT");
}

/* close-wait */

static void hold(double seconds)
{
	struct timespec rest = {.tv_sec = (time_t)seconds};

	rest.tv_nsec = (long)((seconds - (double)rest.tv_sec) * 1e9);
	while (nanosleep(&rest, &rest) == -1 && errno == EINTR)
		;
}

static void see_the_end_and_sleep(struct stage *stage, int fd)
{
	read_until_end(SERVER, fd, CLIENT);
	tell_server_side(stage, "CLOSE_WAIT");
	tell_client_side(stage, "FIN_WAIT_2");
	say(SERVER, "sleeps %g s where it should close()", stage->hold_s);
	hold(stage->hold_s);
	tell_server_side(stage, "CLOSE_WAIT");
	say(SERVER, "close(): through LAST_ACK, at last");
	close_socket(fd);
}

static void close_before_the_server(struct stage *stage, int fd)
{
	(void)stage;
	say(CLIENT, "close(): the client closes first, which is the active close");
	close_socket(fd);
}

void run_close_wait(struct stage *stage)
{
	play_endings(stage, see_the_end_and_sleep, close_before_the_server);
	/* The client's side differs by HOLD: after 60 s its kernel has given FIN_WAIT_2 up. */
	tell_server_side(stage, "CLOSED");
}

/* close-then-recv */

static void close_and_still_read(struct stage *stage, int fd)
{
	char text[64];
	ssize_t got;

	say(CLIENT, "close(): for both directions, whatever the server still sends");
	close_socket(fd);
	/* The server opens no descriptor before the cue, so the number is still nobody's. */
	got = recv(fd, text, sizeof(text), 0);
	if (got != -1 || errno != EBADF)
		fail(CLIENT, "recv() after close() = %zd, not EBADF", got);
	say(CLIENT, "recv() = -1 EBADF: after close() there is no descriptor to read from");
	give_cue(stage, CLIENT_CLOSED);
}

/* Waits until the kernel has marked the socket as failed; false when that takes too long. */
static bool wait_for_reset(int fd)
{
	/* POLLERR is always reported; asking for nothing else keeps POLLIN from ending the wait. */
	struct pollfd look = {.fd = fd};

	return poll(&look, 1, RESET_TIMEOUT_MS) == 1 && (look.revents & POLLERR);
}

static void tell_the_reset(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (!wait_for_reset(fd))
		fail(SERVER, "no RST has come within %d ms", RESET_TIMEOUT_MS);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		fail(SERVER, "getsockopt(SO_ERROR): %s", strerror(errno));
	say(SERVER, "SO_ERROR = %s: the client's kernel has answered the goodbye with RST",
	    error == EPIPE ? "EPIPE" : strerror(error));
}

static void say_goodbye_to_a_closed_client(struct stage *stage, int fd)
{
	/* Until the client has tried its recv(), nothing may take the number that it has closed. */
	await_cue(stage, CLIENT_CLOSED);
	read_until_end(SERVER, fd, CLIENT);
	send_message(SERVER, fd, GOODBYE_CLIENT);
	say(SERVER, "send() has succeeded: it only hands the bytes to this side's kernel");
	tell_the_reset(fd);
	say(SERVER, "close(): nothing is left to close but the descriptor");
	close_socket(fd);
}

void run_close_then_recv(struct stage *stage)
{
	play_endings(stage, say_goodbye_to_a_closed_client, close_and_still_read);
	tell_server_side(stage, "CLOSED");
	tell_client_side(stage, "CLOSED");
}

/* half-close */

static void say_goodbye_to_a_listening_client(struct stage *stage, int fd)
{
	read_until_end(SERVER, fd, CLIENT);
	tell_server_side(stage, "CLOSE_WAIT");
	tell_client_side(stage, "FIN_WAIT_2");
	/* Told before both calls, because the client's lines follow as soon as the goodbye is out. */
	say(SERVER, "goodbye, then close(): data may flow all through CLOSE_WAIT");
	send_message(SERVER, fd, GOODBYE_CLIENT);
	close_socket(fd);
}

static void tell_shutdown_read(int fd)
{
	if (shutdown(fd, SHUT_RD) == 0)
		say(CLIENT, "shutdown(SHUT_RD) = 0");
	else if (errno == ENOTCONN)
		say(CLIENT, "shutdown(SHUT_RD) = -1 ENOTCONN: both directions have ended already");
	else
		fail(CLIENT, "shutdown(SHUT_RD): %s", strerror(errno));
}

static void end_one_direction(struct stage *stage, int fd)
{
	(void)stage;
	say(CLIENT, "shutdown(SHUT_WR): nothing more to say, but still listening");
	if (shutdown(fd, SHUT_WR) == -1)
		fail(CLIENT, "shutdown(SHUT_WR): %s", strerror(errno));
	read_until_end(CLIENT, fd, SERVER);
	tell_shutdown_read(fd);
	say(CLIENT, "close(): shutdown() ends directions, only close() frees the descriptor");
	close_socket(fd);
}

void run_half_close(struct stage *stage)
{
	play_endings(stage, say_goodbye_to_a_listening_client, end_one_direction);
	tell_server_side(stage, "CLOSED");
	tell_client_side(stage, "TIME_WAIT");
}

/* client-first */

static void close_after_the_client(struct stage *stage, int fd)
{
	(void)stage;
	read_until_end(SERVER, fd, CLIENT);
	say(SERVER, "close(): the server closes second, which is the passive close");
	close_socket(fd);
}

void run_client_first(struct stage *stage)
{
	play_endings(stage, close_after_the_client, close_before_the_server);
	tell_server_side(stage, "CLOSED");
	tell_client_side(stage, "TIME_WAIT");
	say(SERVER, "port %u is free of TIME_WAIT: the wait has moved to the client", stage->server_port);
}
