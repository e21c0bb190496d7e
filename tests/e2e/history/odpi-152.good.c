/*
 * odpi 152, the good program: the connection is close-on-exec, and closed when it is done with.
 *
 * Either would have been enough: the daemon has no copy, and the session ends with the program's
 * close().
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

static double daemon_lives_s;

static int open_connection(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	twin_require(fd != -1, "socket()");
	twin_require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	return fd;
}

static void start_daemon(void)
{
	char seconds[32];
	pid_t pid = fork();

	twin_require(pid != -1, "fork()");
	if (pid != 0)
		return;
	snprintf(seconds, sizeof(seconds), "%.2f", daemon_lives_s);
	execlp("sleep", "sleep", seconds, (char *)NULL);
	_exit(127);
}

static void run_program(int channel)
{
	int fd = open_connection(twin_hear(channel));

	twin_send(fd, TWIN_REQUEST);
	twin_receive(fd, TWIN_REPLY);
	start_daemon();
	twin_close(fd);
}

/* It has become a child of this process when the program ended. */
static void wait_for_daemon(void)
{
	int status;

	twin_require(waitpid(-1, &status, 0) > 0, "waitpid()");
	twin_require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the daemon's exit status 0");
}

int main(int argc, char **argv)
{
	struct twin_child program;
	uint16_t port = 0;
	int listener;
	int session;

	daemon_lives_s = twin_seconds(argc, argv);
	twin_require(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "PR_SET_CHILD_SUBREAPER");
	program = twin_start_child(run_program);
	listener = twin_listen(&port);
	twin_tell(program.channel, port);
	session = twin_accept(listener);
	twin_receive(session, TWIN_REQUEST);
	twin_send(session, TWIN_REPLY);
	twin_read_until_end(session);
	twin_close(session);
	twin_show(true, "run_program: the session ends with the program's close()");
	twin_wait_child(program);
	wait_for_daemon();
	twin_close(listener);
	return 0;
}
