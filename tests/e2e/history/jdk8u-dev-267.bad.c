/*
 * jdk8u-dev 267, the bad program: close() is restarted when a signal has interrupted it.
 *
 * https://github.com/openjdk/jdk8u-dev/pull/267 (2023, JDK-8205959 "Do not restart close if errno is
 * EINTR"): close() stood in the loop that other calls need after EINTR. On Linux the descriptor is gone
 * by then, so the second call fails, or closes what another thread has opened.
 *
 * Pattern: close returns -1 with EINTR; close again.
 *
 * Rule: close-retry
 * Fault: close_socket
 */
#include <errno.h>
#include <unistd.h>

#include "../../../demo/twins/interrupted-close.h"
#include "../../../demo/twins/twin.h"

TWIN_IN_STACKS static void close_socket(int fd)
{
	int rc;

	do
		rc = close(fd);
	while (rc == -1 && errno == EINTR);
	twin_show(rc == -1 && errno == EBADF, "close_socket: close() = -1 EINTR, and again = -1 EBADF");
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
