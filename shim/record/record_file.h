/*
 * The file of a flight record: made, or gone on with, and mapped. Raw system calls but for mmap().
 *
 * Locks: none; one caller at a time, since it works in static memory: a coroutine's stack is small.
 * Signals: safe.
 */
#ifndef SPY_RECORD_RECORD_FILE_H
#define SPY_RECORD_RECORD_FILE_H

#include <stddef.h>
#include <stdint.h>

struct spy_record_map {
	void *memory; /* NULL: none */
	uint64_t size;
	const char *why; /* none could be had, in words; or NULL and err */
	int err;
};

/*
 * Maps the record at path, which is made with this size where nothing is there. Never through a
 * symbolic link, 0600, and never over anything but a record of the same version and user. Its space
 * is reserved on the disk before it is mapped: a write into a mapped hole would end the program
 * with SIGBUS when the disk is full. No descriptor stays open. A new one appears under its name when
 * it is ready, so that of several processes that start at once each finds nothing or all of it.
 */
struct spy_record_map spy_record_map(const char *path, int32_t pid, uint64_t size);

#endif
