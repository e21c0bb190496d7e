/*
 * open-at-exit, the good twin: whatever the program opens it closes, the listener
 * last.
 */
#include "twin.h"

int main(void)
{
	uint16_t port = 0;
	int listener = twin_listen(&port);
	int client = twin_connect(port);
	int server = twin_accept(listener);

	twin_close(client);
	twin_read_until_end(server);
	twin_close(server);
	twin_close(listener);
	twin_show(true, "main: nothing is open at the end");
	return 0;
}
