/*
 * Linkers' names by libiberty, which is what the binutils and gdb read them with; see function.h.
 */
#include "function.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

/* A few bytes may stand for a name without end (each part may repeat all before it). */
#define LONGEST 4096

/* Not all that can be read as one is one: gcc's "main.cold" and plain C names stay what they are. */
static int is_mangled(const char *name)
{
	return strncmp(name, "_Z", 2) == 0 || strncmp(name, "_R", 2) == 0 || strncmp(name, "_D", 2) == 0;
}

const char *function_plain(const char *name, struct room *room)
{
	char *plain = name && is_mangled(name) ? cplus_demangle(name, DMGL_AUTO) : NULL;
	size_t len = plain ? strlen(plain) : 0;

	if (len && len <= LONGEST)
		name = room_text(room, plain, len);
	free(plain);
	return name;
}
