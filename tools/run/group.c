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

/* Signals of the group that the last bystander saw and the command has not taken yet. */
static uint64_t carried;

static pid_t start_bystander(void)
{
	pid_t command = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "tcpwaitspy-grp");
	if (getppid() != command)
		_exit(0);
	close_range(0, ~0U, 0);
	for (;;)
		pause();
}

static void end_bystander(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

void group_begin(void)
{
	bystander = start_bystander();
	carried = 0;
}

void group_end(void)
{
	end_bystander(bystander);
	bystander = -1;
}

static uint64_t pending_in(pid_t pid)
{
	char path[32];
	char line[128];
	uint64_t mask = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "ShdPnd:", strlen("ShdPnd:")) == 0)
			mask = strtoull(line + strlen("ShdPnd:"), NULL, 16);
	if (file)
		fclose(file);
	return mask;
}

/*
 * What is pending in a bystander once says nothing the next time: a fresh one takes its place. No
 * moment is without one, and what had come until then and waits here, too, is carried over.
 */
static void replace_bystander(void)
{
	pid_t old = bystander;

	bystander = start_bystander();
	carried = (carried | pending_in(old)) & pending_in(getpid());
	end_bystander(old);
}

bool group_is_bystander(int pid)
{
	return pid == bystander;
}

bool group_got(int sig)
{
	uint64_t bit = UINT64_C(1) << (sig - 1);
	bool seen;

	if (bystander <= 0)
		return false;
	seen = pending_in(bystander) & bit;
	if (!seen && !(carried & bit))
		return false;
	carried &= ~bit;
	if (seen)
		replace_bystander();
	return true;
}
