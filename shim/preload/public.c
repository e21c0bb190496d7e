/*
 * What programs may call themselves; see include/tcpwaitspy.h.
 */
#include <errno.h>
#include <string.h>

#define TCPWAITSPY_SHIM
#include "../../include/tcpwaitspy.h"
#include "../../include/tcpwaitspy/version.h"
#include "ending.h"
#include "spy.h"

_Static_assert(TCPWAITSPY_NOTE_MAX == SPY_ANNOTATION_ROOM - 1, "the header says how much is kept");

void tcpwaitspy_annotate(int fd, const char *text)
{
	/* Read before the lock is taken: the text is the caller's, and may be anywhere. */
	size_t len = text ? strnlen(text, SPY_ANNOTATION_ROOM) : 0;
	struct spy_section section;
	int saved = errno;
	uint32_t slot;

	if (!spy_on || !spy_table_slot(&spy_core.table, fd) || spy_in_vfork_child()) {
		errno = saved;
		return;
	}
	spy_section_enter(&section);
	slot = spy_table_slot(&spy_core.table, fd);
	if (slot && !(slot & (SPY_SLOT_OWN | SPY_SLOT_CLOSED)))
		spy_annotate(&spy_core.annotations, spy_core.table.memory, spy_table_conn(&spy_core.table, slot), text,
			     len);
	spy_section_leave(&section);
	errno = saved;
}

void tcpwaitspy_summary(void)
{
	if (spy_on && !spy_in_vfork_child())
		spy_ending_dump();
}

const char *tcpwaitspy_version(void)
{
	return SPY_VERSION;
}
