/*
 * Whose pending signals are; see pending.h.
 */
#include "pending.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "sys.h"

/* Fields of /proc/PID/stat (proc(5)); the second, a name in parentheses, may hold anything. */
#define AFTER_NAME 3
#define PENDING	   31
#define BLOCKED	   32
#define ROOM	   512 /* for as much of it; this stack may be small */

static uint64_t read_number(const char *text)
{
	uint64_t number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	return number;
}

/* A field of a thread's; 0 where it cannot be read. */
static uint64_t read_field(const char *path, int wanted)
{
	char text[ROOM];
	long fd = spy_sys3(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	long len = fd >= 0 ? spy_sys3(SYS_read, fd, text, sizeof(text) - 1) : -1;
	const char *at;

	if (fd >= 0)
		spy_sys1(SYS_close, fd);
	text[len > 0 ? len : 0] = '\0';
	at = strrchr(text, ')');
	for (int field = AFTER_NAME - 1; at && field < wanted; field++) {
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return at ? read_number(at) : 0;
}

uint64_t spy_pending_for_main(uint64_t signals)
{
	return signals & ~read_field("/proc/thread-self/stat", PENDING) & ~read_field("/proc/self/stat", BLOCKED);
}
