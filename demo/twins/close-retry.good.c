/*
 * close-retry, the good twin: close() is called once, and EINTR counts as closed.
 */
#include <errno.h>
#include <unistd.h>

#include "interrupted-close.h"
#include "twin.h"

static void leave_server(int fd)
{
	int rc = close(fd);

	twin_show(rc == -1 && errno == EINTR, "leave_server: close() = -1 EINTR, and that is all");
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
