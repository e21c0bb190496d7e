/*
 * send-after-shutdown, the good twin: shutdown(SHUT_WR) comes after the last send().
 */
#include <string.h>
#include <sys/socket.h>

#include "twin.h"

static void ask_server(int fd)
{
	ssize_t sent;

	twin_send(fd, TWIN_REQUEST);
	sent = send(fd, TWIN_REQUEST, strlen(TWIN_REQUEST), MSG_NOSIGNAL);
	twin_show(sent == (ssize_t)strlen(TWIN_REQUEST), "ask_server: send(), then shutdown(SHUT_WR)");
	twin_end_sending(fd);
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	ask_server(pair.client);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	twin_read_until_end(pair.client);
	twin_close(pair.client);
	return 0;
}
