/*
 * neat 237, the good program: with MSG_NOSIGNAL a broken connection is an error and not the end.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { CHUNKS = 3 };

/* Killed with data unread, so that its kernel sends RST and not FIN. */
static void connect_and_stay(int channel)
{
	twin_connect(twin_hear(channel));
	for (;;)
		pause();
}

static ssize_t write_to_lower_layer(int fd)
{
	char text[] = TWIN_REPLY;
	struct iovec data = {.iov_base = text, .iov_len = strlen(text)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

int main(void)
{
	struct twin_child client = twin_start_child(connect_and_stay);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int failures = 0;
	int fd;

	/* Whoever has started this program may have set it to be ignored. */
	signal(SIGPIPE, SIG_DFL);
	twin_tell(client.channel, port);
	fd = twin_accept(listener);
	twin_send(fd, TWIN_REPLY);
	twin_kill_child(client);
	twin_wait_reset(fd);
	for (int chunk = 0; chunk < CHUNKS; chunk++)
		failures += write_to_lower_layer(fd) == -1;
	twin_show(failures == CHUNKS && errno == EPIPE, "write_to_lower_layer: sendmsg() = -1 EPIPE, and no signal");
	twin_close(fd);
	twin_close(listener);
	return 0;
}
