/*
 * close-retry, the bad twin: closes again after close() has failed with EINTR.
 *
 * For most calls EINTR means "do it again". On Linux the descriptor is gone when
 * close() returns, whatever it returns: the retry fails with EBADF here, and hits
 * somebody else's descriptor where other threads open some.
 *
 * Fault: leave_server
 */
#include <errno.h>
#include <unistd.h>

#include "interrupted-close.h"
#include "twin.h"

TWIN_IN_STACKS static void leave_server(int fd)
{
	int tries = 0;
	int rc;

	do {
		rc = close(fd);
		tries++;
	} while (rc == -1 && errno == EINTR);
	twin_show(tries == 2 && rc == -1 && errno == EBADF, "leave_server: close() = -1 EINTR, and again = -1 EBADF");
}

int main(void)
{
	struct twin_pair pair = twin_open_pair();

	interrupt_close(pair.client);
	leave_server(pair.client);
	twin_read_until_end(pair.server);
	twin_close(pair.server);
	return 0;
}
