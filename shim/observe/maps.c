/*
 * Reading /proc/self/maps; see maps.h. A line of it (proc(5)) is "START-END PERMISSIONS OFFSET DEVICE INODE PATH".
 */
#include "maps.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "../sys/sys.h"

#define LINE_ROOM 512 /* of a longer line the rest is left out */

struct reader {
	int fd;
	size_t at, len;
	char room[1024];
};

static int next_char(struct reader *reader)
{
	if (reader->at == reader->len) {
		long got = spy_sys3(SYS_read, reader->fd, reader->room, sizeof(reader->room));

		reader->at = 0;
		reader->len = got > 0 ? (size_t)got : 0;
	}
	return reader->at < reader->len ? (unsigned char)reader->room[reader->at++] : -1;
}

static bool read_line(struct reader *reader, char line[LINE_ROOM])
{
	size_t len = 0;
	int c = next_char(reader);
	bool is_there = c >= 0;

	for (; c >= 0 && c != '\n'; c = next_char(reader))
		if (len < LINE_ROOM - 1)
			line[len++] = (char)c;
	line[len] = '\0';
	return is_there;
}

/* A hexadecimal number; text is behind it then, and behind the one character that follows. */
static uintptr_t read_hex(const char **text)
{
	uintptr_t number = 0;

	for (; **text && **text != '-' && **text != ' '; (*text)++)
		number = number * 16 + (uintptr_t)(**text <= '9' ? **text - '0' : **text - 'a' + 10);
	*text += **text != '\0';
	return number;
}

/* True where the line is about the address. A file's first line keeps its name and where it begins. */
static bool is_it(const char *line, uintptr_t address, struct spy_mapped *mapped)
{
	const char *path = strchr(line, '/');
	uintptr_t start = read_hex(&line), end = read_hex(&line), offset;
	bool can_read = *line == 'r';

	line = strchr(line, ' ');
	if (!line || !path)
		return false;
	line++;
	offset = read_hex(&line);
	if (offset == 0 && can_read) {
		size_t len = strnlen(path, sizeof(mapped->path) - 1);

		mapped->base = start;
		memcpy(mapped->path, path, len);
		mapped->path[len] = '\0';
	}
	return address >= start && address < end && strncmp(mapped->path, path, sizeof(mapped->path) - 1) == 0;
}

bool spy_maps_find(uintptr_t address, struct spy_mapped *mapped)
{
	struct reader reader = {.at = 0, .len = 0};
	char line[LINE_ROOM];
	bool found = false;

	*mapped = (struct spy_mapped){.base = 0};
	reader.fd = (int)spy_sys3(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while (reader.fd >= 0 && !found && read_line(&reader, line))
		found = is_it(line, address, mapped);
	if (reader.fd >= 0)
		spy_sys1(SYS_close, reader.fd);
	return found;
}
