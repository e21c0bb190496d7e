/*
 * abortive-close, the bad twin: SO_LINGER with 0 seconds, to be rid of TIME_WAIT.
 *
 * The close() sends RST instead of FIN: what is still on its way is thrown away,
 * and the peer's recv() fails with ECONNRESET.
 *
 * Fault: leave_server
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "twin.h"

TWIN_IN_STACKS static void leave_server(int fd)
{
	struct linger abort_at_close = {.l_onoff = 1, .l_linger = 0};

	twin_require(setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof(abort_at_close)) == 0, "SO_LINGER");
	twin_show(close(fd) == 0, "leave_server: close() with RST");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();
	char text[128];

	twin_send(pair.client, TWIN_REQUEST);
	twin_receive(pair.server, TWIN_REQUEST);
	leave_server(pair.client);
	twin_require(recv(pair.server, text, sizeof(text), 0) == -1 && errno == ECONNRESET,
		     "recv() = -1 ECONNRESET at the server");
	twin_close(pair.server);
	return 0;
}
