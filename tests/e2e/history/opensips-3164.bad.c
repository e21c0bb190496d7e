/*
 * opensips 3164, the bad program: a stray break skips close() when a send fails.
 *
 * https://github.com/OpenSIPS/opensips/pull/3164 (2023): a TCP worker is given a copy of a
 * connection's descriptor to write on, and closes it afterwards in all cases, says the comment; a
 * break after the failed write said otherwise. Seen as descriptor leaks and CLOSE_WAIT, mostly with
 * TLS, where a write fails without an error of the socket: the session layer has met the peer's end.
 *
 * Pattern: SCM_RIGHTS; the write looks first and meets the end of file; break; no close. The main
 * process closes its own copy, and that ends nothing.
 *
 * Rule: close-wait-leak
 * Cause: eof-read
 * Fault: write_session
 *
 * Rule: close-without-fin
 * Cause: held-elsewhere
 * Fault: destroy_connection
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"
#include "opensips-jobs.h"

enum { PATIENCE_S = 5 };

/* As a TLS library writes: what the peer has to say comes first. -1 where it has ended the session. */
TWIN_IN_STACKS static ssize_t write_session(int fd)
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
			if (write_session(fd) == -1)
				break;
			twin_close(fd);
			break;
		case JOB_STOP:
			return;
		}
		twin_tell(channel, 0);
	}
}

TWIN_IN_STACKS static void destroy_connection(int fd)
{
	twin_show(close(fd) == 0, "destroy_connection: close() = 0, and the worker has forgotten its copy");
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
	destroy_connection(pair.client);
	twin_require(!twin_wait_readable(worker.channel, seconds), "the worker has nothing to say");
	send_job(worker.channel, JOB_STOP, NO_DESCRIPTOR);
	twin_wait_child(worker);
	return 0;
}
