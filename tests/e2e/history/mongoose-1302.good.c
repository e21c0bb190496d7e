/*
 * mongoose 1302, the good program: the listener is close-on-exec, as the report asks for.
 *
 * The command has no copy of it, so the port is free when the server has ended.
 */
#include <fcntl.h>
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
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	twin_require(fd != -1, "socket()");
	twin_require(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0, "SO_REUSEADDR");
	twin_require(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "bind()");
	twin_require(listen(fd, SOMAXCONN) == 0, "listen()");
	return fd;
}

/*
 * Returns when exec() has succeeded: until then the child has its copy of the listener. The pipe
 * is close-on-exec, so its end of file is that moment.
 */
static void run_command(void)
{
	char seconds[32];
	int started[2];
	pid_t pid;

	twin_require(pipe2(started, O_CLOEXEC) == 0, "pipe2()");
	pid = fork();
	twin_require(pid != -1, "fork()");
	if (pid == 0) {
		snprintf(seconds, sizeof(seconds), "%.2f", command_lives_s);
		execlp("sleep", "sleep", seconds, (char *)NULL);
		_exit(127);
	}
	twin_close(started[1]);
	twin_require(read(started[0], seconds, sizeof(seconds)) == 0, "exec()");
	twin_close(started[0]);
}

static void run_first_server(int channel)
{
	int listener = open_listener(twin_hear(channel));

	run_command();
	twin_close(listener);
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
	int listener;

	command_lives_s = twin_seconds(argc, argv);
	twin_require(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "PR_SET_CHILD_SUBREAPER");
	first_server = twin_start_child(run_first_server);
	twin_tell(first_server.channel, port);
	twin_wait_child(first_server);
	listener = open_listener(port);
	twin_show(true, "main: the restarted server has the port while the command runs");
	twin_close(listener);
	wait_for_command();
	return 0;
}
