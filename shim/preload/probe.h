/*
 * libunwind's pipe. To see whether an address can be read it writes a byte from there into a pipe
 * that it opens in the program: two low numbers that the program would have had, and, once the
 * program has closed and used them again, bytes in the program's files. So it gets no pipe: two
 * numbers that nobody has, and hooks that know them and ask the kernel in another way.
 */
#ifndef SPY_PRELOAD_PROBE_H
#define SPY_PRELOAD_PROBE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* No process can have these: the kernel's own limit (fs.nr_open) lies below. */
#define SPY_PROBE_WRITE (INT_MAX - 1)
#define SPY_PROBE_READ	(INT_MAX - 2)

static inline bool spy_is_probe(int fd)
{
	return __builtin_expect(fd == SPY_PROBE_WRITE || fd == SPY_PROBE_READ, 0);
}

/* True where the pipe is libunwind's: ends are then the numbers above. */
bool spy_probe_pipe(int ends[2]);

/* What write() of a byte at address, and read(), say of such a pipe. Set errno as they do. */
ssize_t spy_probe_write(const void *address);
ssize_t spy_probe_read(void);

#endif
