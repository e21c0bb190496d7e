/*
 * jdk8u-dev 267, the good program: close() is called once, and EINTR is as good as success.
 */
#include <errno.h>
#include <unistd.h>

#include "../../../demo/twins/interrupted-close.h"
#include "../../../demo/twins/twin.h"

static void close_socket(int fd)
{
	int rc = close(fd);

	twin_show(rc == -1 && errno == EINTR, "close_socket: close() = -1 EINTR, and that is all");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	interrupt_close(pair.client);
	close_socket(pair.client);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
