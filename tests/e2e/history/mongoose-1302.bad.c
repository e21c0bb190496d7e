/*
 * mongoose 1302, the bad program: a command that the server has started keeps its port.
 *
 * https://github.com/cesanta/mongoose/issues/1302 (2021): an HTTP server starts another program and
 * ends. Its restart fails with EADDRINUSE as long as that program runs, because it has inherited
 * the listener. SO_REUSEADDR, which the reporter tried, does not help against a socket in LISTEN.
 *
 * Pattern: socket without close-on-exec; SO_REUSEADDR; bind; listen; fork and exec; exit; and again
 * socket, SO_REUSEADDR, bind. The first run of the server is a child process, the restart is here.
 *
 * Rule: inherited-by-exec
 * Fault: run_command
 *
 * Rule: missing-reuseaddr
 * Cause: listener
 * Fault: restart_server
 */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../demo/twins/twin.h"

static double command_lives_s;

static int open_listener(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	twin_require(fd != -1, "socket()");
	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

TWIN_IN_STACKS static void run_command(void)
{
	char seconds[32];
	pid_t pid = fork();

	twin_require(pid != -1, "fork()");
	if (pid != 0)
		return;
	snprintf(seconds, sizeof(seconds), "%.2f", command_lives_s);
	execlp("sleep", "sleep", seconds, (char *)NULL);
	_exit(127);
}

static void run_first_server(int channel)
{
	int listener = open_listener(twin_hear(channel));

	run_command();
	twin_close(listener);
}

TWIN_IN_STACKS static void restart_server(uint16_t port)
{
	struct sockaddr_in address = twin_loopback(port);
	int fd = twin_socket();
	int on = 1;
	int rc;

	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
	twin_show(rc == -1 && errno == EADDRINUSE, "restart_server: bind() = -1 EADDRINUSE in spite of SO_REUSEADDR");
	twin_close(fd);
}

/* It has become a child of this process when the first server ended. */
static void wait_for_command(void)
{
	int status;

	twin_require(waitpid(-1, &status, 0) > 0, "waitpid()");
	twin_require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the command's exit status 0");
}

int main(int argc, char **argv)
{
	uint16_t port = twin_free_port();
	struct twin_child first_server;

	command_lives_s = twin_seconds(argc, argv);
	twin_require(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "PR_SET_CHILD_SUBREAPER");
	first_server = twin_start_child(run_first_server);
	twin_tell(first_server.channel, port);
	twin_wait_child(first_server);
	restart_server(port);
	wait_for_command();
	return 0;
}
