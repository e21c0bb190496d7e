/*
 * The pipe that libunwind does not get; see probe.h.
 */
#include "probe.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "../observe/stack.h"
#include "../sys/memory.h"
#include "../sys/sys.h"
#include "real.h"
#include "spy.h"

bool spy_probe_pipe(int ends[2])
{
	if (!spy_stack_is_taking())
		return false;
	ends[0] = SPY_PROBE_READ;
	ends[1] = SPY_PROBE_WRITE;
	return true;
}

/* libunwind reads words: the whole one must be there. */
ssize_t spy_probe_write(const void *address)
{
	uintptr_t aligned = (uintptr_t)address & ~(uintptr_t)7;
	uint64_t bytes;
	long rc = spy_memory_copy(&bytes, aligned, sizeof(bytes));

	if (rc >= 0 || (rc != -EFAULT && spy_memory_can_read(address)))
		return 1;
	errno = EFAULT;
	return -1;
}

ssize_t spy_probe_read(void)
{
	errno = EAGAIN;
	return -1;
}
