/*
 * /proc/PID/fd, maps and comm; see owner.h.
 */
#include "owner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cli/words.h"

/* Makes room for one more; the array doubles. */
static void *grown(void *array, size_t count, size_t size)
{
	void *larger;

	if (count & (count - 1))
		return array;
	larger = realloc(array, (count ? 2 * count : 1) * size);
	if (!larger)
		words_room(SIZE_MAX); /* Says so and ends. */
	return larger;
}

static void read_name(struct ps_process *process)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", process->pid);
	file = fopen(path, "re");
	if (!file || !fgets(process->name, sizeof(process->name), file))
		process->name[0] = '\0';
	process->name[strcspn(process->name, "\n")] = '\0';
	if (file)
		fclose(file);
}

static bool maps_shim(int pid)
{
	char path[64];
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	while (file && !found && getline(&line, &size, file) > 0)
		found = strstr(line, "/libtcpwaitspy.so") != NULL;
	free(line);
	if (file)
		fclose(file);
	return found;
}

static void read_process(struct ps_owners *owners, int pid)
{
	char path[64];
	DIR *directory;
	struct dirent *entry;
	bool known = false;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (!directory) {
		owners->hidden += errno == EACCES || errno == EPERM;
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		char target[64];
		ssize_t len = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);

		target[len > 0 ? len : 0] = '\0';
		if (strncmp(target, "socket:[", strlen("socket:[")) != 0)
			continue;
		if (!known) {
			owners->processes = grown(owners->processes, owners->process_count, sizeof(struct ps_process));
			owners->processes[owners->process_count] = (struct ps_process){.pid = pid};
			read_name(&owners->processes[owners->process_count]);
			owners->processes[owners->process_count].traced = maps_shim(pid);
			owners->process_count++;
			known = true;
		}
		owners->owners = grown(owners->owners, owners->count, sizeof(struct ps_owner));
		owners->owners[owners->count++] = (struct ps_owner){
			.inode = strtoull(target + strlen("socket:["), NULL, 10),
			.fd = (int)strtol(entry->d_name, NULL, 10),
			.process = owners->process_count - 1,
		};
	}
	closedir(directory);
}

static int by_inode(const void *a, const void *b)
{
	const struct ps_owner *first = a;
	const struct ps_owner *second = b;

	if (first->inode != second->inode)
		return first->inode < second->inode ? -1 : 1;
	if (first->process != second->process)
		return first->process < second->process ? -1 : 1;
	return first->fd - second->fd;
}

void ps_owners_read(struct ps_owners *owners, int pid)
{
	DIR *directory = pid ? NULL : opendir("/proc");
	struct dirent *entry;

	*owners = (struct ps_owners){.processes = NULL};
	if (pid)
		read_process(owners, pid);
	while (directory && (entry = readdir(directory)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			read_process(owners, (int)strtol(entry->d_name, NULL, 10));
	if (directory)
		closedir(directory);
	if (owners->count)
		qsort(owners->owners, owners->count, sizeof(struct ps_owner), by_inode);
}

void ps_owners_end(struct ps_owners *owners)
{
	free(owners->processes);
	free(owners->owners);
}

const struct ps_owner *ps_owners_of(const struct ps_owners *owners, uint64_t inode, size_t *count)
{
	size_t low = 0;
	size_t high = owners->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners->owners[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (inode && low + *count < owners->count && owners->owners[low + *count].inode == inode)
		++*count;
	return *count ? &owners->owners[low] : NULL;
}
