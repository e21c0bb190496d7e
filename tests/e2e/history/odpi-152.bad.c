/*
 * odpi 152, the bad program: a daemon is started with the database connection open.
 *
 * https://github.com/oracle/odpi/issues/152 (2021): a program forgot to close its connection and
 * started a daemon, which inherited the descriptor: the library does not make it close-on-exec.
 * The program was long gone, and its sessions were alive at the server and in CLOSE_WAIT here.
 *
 * Pattern: socket without close-on-exec; connect; fork and exec; exit without close.
 * The program is a child process, and this one plays the database. What is charged is the exec: the
 * daemon never calls on the connection, which is in CLOSE_WAIT for as long as it runs.
 *
 * Rule: inherited-by-exec
 * Fault: start_daemon
 *
 * Rule: close-wait-leak
 * Cause: eof-unread
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

static const double session_lives_s = 0.1;

static double daemon_lives_s;

static int open_connection(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	twin_require(fd != -1, "socket()");
	twin_require(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect()");
	return fd;
}

TWIN_IN_STACKS static void start_daemon(void)
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
	/* And no close(): the program ends here. */
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

	daemon_lives_s = twin_seconds(argc, argv) + session_lives_s;
	twin_require(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "PR_SET_CHILD_SUBREAPER");
	program = twin_start_child(run_program);
	listener = twin_listen(&port);
	twin_tell(program.channel, port);
	session = twin_accept(listener);
	twin_receive(session, TWIN_REQUEST);
	twin_send(session, TWIN_REPLY);
	twin_wait_child(program);
	twin_show(!twin_wait_readable(session, session_lives_s),
		  "start_daemon: the program is gone, its session is not");
	twin_close(session);
	wait_for_daemon();
	twin_close(listener);
	return 0;
}
