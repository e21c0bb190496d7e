/*
 * The bystander of the process group; see group.h.
 *
 * The kernel signals a group's processes in one go, those that entered last first (kernel/signal.c,
 * __kill_pgrp_info), so that the bystander, which was started by the command, has it when the
 * command has.
 */
#include "group.h"

#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t bystander = -1;

void group_begin(void)
{
	pid_t command = getpid();

	bystander = fork();
	if (bystander != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "tcpwaitspy-grp");
	if (getppid() != command)
		_exit(0);
	close_range(0, ~0U, 0);
	for (;;)
		pause();
}

void group_end(void)
{
	if (bystander <= 0)
		return;
	kill(bystander, SIGKILL);
	waitpid(bystander, NULL, 0);
	bystander = -1;
}

static uint64_t pending(void)
{
	char path[32];
	char line[128];
	uint64_t mask = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)bystander);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "ShdPnd:", strlen("ShdPnd:")) == 0)
			mask = strtoull(line + strlen("ShdPnd:"), NULL, 16);
	if (file)
		fclose(file);
	return mask;
}

bool group_got(int sig)
{
	if (bystander <= 0 || !(pending() & UINT64_C(1) << (sig - 1)))
		return false;
	/* What is pending once says nothing the next time: a fresh one takes its place. */
	group_end();
	group_begin();
	return true;
}
