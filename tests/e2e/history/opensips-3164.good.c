/*
 * opensips 3164, the good program: the worker closes its copy, whether the write succeeded or not.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"
#include "opensips-jobs.h"

enum { PATIENCE_S = 5 };

/* As a TLS library writes: what the peer has to say comes first. -1 where it has ended the session. */
static ssize_t write_session(int fd)
{
	char record[128];

	if (recv(fd, record, sizeof(record), MSG_DONTWAIT) == 0)
		return -1;
	return send(fd, TWIN_REQUEST, strlen(TWIN_REQUEST), MSG_NOSIGNAL);
}

static void work(int channel)
{
	int fd;

	for (;;) {
		switch (receive_job(channel, &fd)) {
		case JOB_WRITE:
			twin_require(write_session(fd) == -1, "a session that the registrar has ended");
			twin_close(fd);
			break;
		case JOB_STOP:
			return;
		}
		twin_tell(channel, 0);
	}
}

int main(int argc, char **argv)
{
	double seconds = twin_seconds(argc, argv);
	struct twin_child worker = twin_start_child(work);
	struct twin_pair pair = twin_open_pair();

	twin_send(pair.client, TWIN_REQUEST);
	twin_receive(pair.server, TWIN_REQUEST);
	/* The registrar exits shortly after the registration. */
	twin_close(pair.server);
	twin_require(twin_wait_readable(pair.client, PATIENCE_S), "the registrar's FIN");
	send_job(worker.channel, JOB_WRITE, pair.client);
	twin_hear(worker.channel);
	twin_show(close(pair.client) == 0, "main: close() of the last copy");
	twin_require(!twin_wait_readable(worker.channel, seconds), "the worker has nothing to say");
	send_job(worker.channel, JOB_STOP, NO_DESCRIPTOR);
	twin_wait_child(worker);
	return 0;
}
