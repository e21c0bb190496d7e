/*
 * What /proc says: the descriptors of this process, and which process holds a socket. Raw system
 * calls only, no malloc, no stdio; leaves errno alone, takes no lock.
 */
#ifndef SPY_OBSERVE_PROC_H
#define SPY_OBSERVE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/event.h"

/* Calls each(fd, data) for every open descriptor of this process; the directory's own is left out. */
void spy_proc_each_fd(void (*each)(int fd, void *data), void *data);

/* Calls each(tid, data) for every thread of this process until it returns false. Opens the directory here. */
void spy_proc_each_thread(bool (*each)(int32_t tid, void *data), void *data);

/*
 * The process that holds the socket with this inode; with others_only, one that is not this one. pid is 0 where none was found: another user's,
 * another namespace's, or gone. Reads all of /proc, apart (apart.h): signals are blocked by the caller.
 */
void spy_proc_find_inode(uint64_t inode, bool others_only, struct spy_holder *holder);

/* Reads a small file whole, NUL-ended; the number of bytes, 0 where it cannot be read. */
size_t spy_proc_read(const char *path, char *text, size_t size);

#endif
