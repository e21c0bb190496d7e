/*
 * Which processes have which sockets, and which of them run under the shim, from /proc.
 */
#ifndef TOOLS_PS_OWNER_H
#define TOOLS_PS_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ps_process {
	int pid;
	char name[32];
	bool traced; /* has libtcpwaitspy.so mapped */
};

struct ps_owner {
	uint64_t inode;
	int fd;
	size_t process; /* index */
};

struct ps_owners {
	struct ps_process *processes;
	size_t process_count;
	struct ps_owner *owners; /* by inode */
	size_t count;
	unsigned int hidden; /* processes that may not be looked into */
};

/* All of /proc, or one process (pid not 0). */
void ps_owners_read(struct ps_owners *owners, int pid);
void ps_owners_end(struct ps_owners *owners);

/* The first of the entries with this inode; *count says how many there are. */
const struct ps_owner *ps_owners_of(const struct ps_owners *owners, uint64_t inode, size_t *count);

#endif
