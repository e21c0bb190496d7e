/*
 * jetty 1848, the good program: no SO_LINGER, as its maintainers say.
 *
 * close() returns at once, and the kernel sends the rest of the response and the FIN by itself.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

enum { SEND_BUFFER = 64 * 1024, BLOCK = 16 * 1024 };

static char block[BLOCK];

static void configure_endpoint(int fd)
{
	int size = SEND_BUFFER;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0, "SO_SNDBUF");
}

/* As much as the two buffers take. */
static size_t send_response(int fd)
{
	size_t total = 0;
	ssize_t sent;

	while ((sent = send(fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		total += (size_t)sent;
	twin_require(sent == -1 && errno == EAGAIN, "send() until the buffers are full");
	return total;
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();
	size_t received = 0;
	size_t sent;
	ssize_t got;

	twin_send(pair.client, TWIN_REQUEST);
	twin_receive(pair.server, TWIN_REQUEST);
	configure_endpoint(pair.server);
	sent = send_response(pair.server);
	twin_close(pair.server);
	while ((got = recv(pair.client, block, sizeof(block), 0)) > 0)
		received += (size_t)got;
	twin_show(got == 0 && received == sent, "main: the client has the whole response");
	twin_close(pair.client);
	return 0;
}
