/*
 * recv-after-shutdown, the good twin: shutdown(SHUT_WR) tells the server that the
 * request is complete, and this side still reads the server's end of file.
 */
#include <sys/socket.h>

#include "twin.h"

static void wait_until_taken(int fd)
{
	char text[128];
	ssize_t got = recv(fd, text, sizeof(text), 0);

	twin_show(got == 0, "wait_until_taken: recv() = 0, of the server's making");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_end_sending(pair.client);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	wait_until_taken(pair.client);
	twin_close(pair.client);
	return 0;
}
