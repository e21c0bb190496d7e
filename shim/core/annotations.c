/*
 * Annotations; see annotations.h.
 */
#include "annotations.h"

#include <string.h>

/* Where to cut: not in the middle of a character (RFC 3629: all bytes of one but its first are 10xxxxxx). */
static size_t cut(const char *text, size_t len)
{
	size_t end = SPY_ANNOTATION_ROOM - 1;

	if (len <= end)
		return len;
	while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
		end--;
	return end;
}

void spy_annotate(struct spy_annotations *annotations, spy_memory_fn memory, struct spy_conn *conn, const char *text,
		  size_t len)
{
	uint32_t chunk = (conn->self - 1) / SPY_CHUNK_CONNS;
	char *room;

	conn->flags &= ~(uint32_t)SPY_CONN_ANNOTATED;
	if (!len)
		return;
	if (!annotations->chunks[chunk])
		annotations->chunks[chunk] = memory(sizeof(spy_annotation_text) * SPY_CHUNK_CONNS);
	if (!annotations->chunks[chunk])
		return;
	room = annotations->chunks[chunk][(conn->self - 1) % SPY_CHUNK_CONNS];
	len = cut(text, len);
	memcpy(room, text, len);
	memset(room + len, 0, SPY_ANNOTATION_ROOM - len);
	conn->flags |= SPY_CONN_ANNOTATED;
}
