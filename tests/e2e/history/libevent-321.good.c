/*
 * libevent 321, the good program: the lingering close that its maintainer names.
 *
 * The error goes out, and what the client still sends is read and thrown away until it closes, too.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

#define HEAD	  "POST / HTTP/1.1\r\nContent-Length: 52\r\n\r\n"
#define BODY	  TWIN_REQUEST TWIN_REQUEST TWIN_REQUEST TWIN_REQUEST
#define TOO_LARGE "HTTP/1.1 413 Content Too Large\r\n\r\n"

static void upload(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, HEAD BODY);
	twin_receive(fd, TOO_LARGE);
	twin_read_until_end(fd);
	twin_close(fd);
}

static void close_lingering(int fd)
{
	twin_end_sending(fd);
	twin_read_until_end(fd);
	twin_show(close(fd) == 0, "close_lingering: shutdown(SHUT_WR), drain, close()");
}

int main(void)
{
	struct twin_child browser = twin_start_child(upload);
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int fd;

	twin_tell(browser.channel, port);
	fd = twin_accept(listener);
	twin_receive(fd, HEAD);
	twin_send(fd, TOO_LARGE);
	close_lingering(fd);
	twin_wait_child(browser);
	twin_close(listener);
	return 0;
}
