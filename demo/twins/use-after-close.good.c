/*
 * use-after-close, the good twin: what the log needs is taken while the descriptor
 * is open, best before the peer can go away.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "twin.h"

static void handle_client(int fd)
{
	struct sockaddr_in peer = twin_loopback(0);
	socklen_t size = sizeof(peer);

	twin_require(getpeername(fd, (struct sockaddr *)&peer, &size) == 0, "getpeername()");
	twin_read_until_end(fd);
	twin_close(fd);
	twin_show(peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK), "handle_client: getpeername(), then close()");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_close(pair.client);
	handle_client(pair.server);
	return 0;
}
