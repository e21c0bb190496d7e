/*
 * libevent 321, the bad program: a request that is too long is answered and closed unread.
 *
 * https://github.com/libevent/libevent/issues/321 (2016): with evhttp_set_max_body_size() a POST
 * beyond the limit gets an error reply and close(), while its body is still in the receive queue or
 * on its way. The kernel resets the connection, and browsers show that instead of the error.
 *
 * Pattern: recv of the head; the announced length is above the limit; send; close, the body unread.
 *
 * Rule: close-with-unread-data
 * Fault: free_connection
 */
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

#define HEAD	  "POST / HTTP/1.1\r\nContent-Length: 52\r\n\r\n"
#define BODY	  TWIN_REQUEST TWIN_REQUEST TWIN_REQUEST TWIN_REQUEST
#define TOO_LARGE "HTTP/1.1 413 Content Too Large\r\n\r\n"

enum { PATIENCE_S = 5 };

static void upload(int channel)
{
	int fd = twin_connect(twin_hear(channel));

	twin_send(fd, HEAD BODY);
	twin_wait_reset(fd);
	twin_close(fd);
}

TWIN_IN_STACKS static void free_connection(int fd)
{
	twin_show(close(fd) == 0, "free_connection: close() with the body unread");
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
	twin_require(twin_wait_readable(fd, PATIENCE_S), "the body");
	twin_send(fd, TOO_LARGE);
	free_connection(fd);
	twin_wait_child(browser);
	twin_close(listener);
	return 0;
}
