/*
 * Looks for processes by their environment in /proc; see heirs.h.
 */
#include "heirs.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_options(int pid, const char *options)
{
	static const char name[] = "TCPWAITSPY_OPTIONS=";
	char path[64];
	char *text = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	file = fopen(path, "re");
	while (file && !found && getdelim(&text, &size, '\0', file) > 0)
		found = strncmp(text, name, strlen(name)) == 0 && strcmp(text + strlen(name), options) == 0;
	free(text);
	if (file)
		fclose(file);
	return found;
}

static bool is_known(const struct tally *tally, int pid)
{
	for (const struct tally_process *process = tally->processes; process; process = process->next)
		if (process->pid == pid && process->fd >= 0)
			return true;
	return false;
}

unsigned int heirs_find(struct tally *tally, const char *options, bool in_session)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	unsigned int count = 0;

	while (directory && (entry = readdir(directory)) != NULL) {
		int pid = isdigit((unsigned char)entry->d_name[0]) ? (int)strtol(entry->d_name, NULL, 10) : 0;

		if (!pid || is_known(tally, pid) || (in_session && getsid(pid) != getsid(0)) ||
		    !has_options(pid, options))
			continue;
		count += tally_watch(tally, pid);
	}
	if (directory)
		closedir(directory);
	return count;
}
