/*
 * Annotations: what the program itself has to say about a connection (include/tcpwaitspy.h), a short
 * text beside its record. Rooms for them are taken with the first annotation of a record's chunk, so
 * that a program which makes none pays nothing.
 *
 * Locks: the core's to set one. Reading takes none: a line that is written in the very moment of a new
 * text may have some of both.
 */
#ifndef SPY_CORE_ANNOTATIONS_H
#define SPY_CORE_ANNOTATIONS_H

#include "table.h"

#define SPY_ANNOTATION_ROOM 128u /* bytes, the NUL included; longer texts are cut */

typedef char spy_annotation_text[SPY_ANNOTATION_ROOM];

struct spy_annotations {
	spy_annotation_text *_Atomic chunks[SPY_CHUNKS]; /* as in struct spy_table */
};

/* From now on text, len bytes of it, is conn's; no text takes it away. Without memory it stays without. */
void spy_annotate(struct spy_annotations *annotations, spy_memory_fn memory, struct spy_conn *conn, const char *text,
		  size_t len);

/* The text of conn; NULL for none. */
static inline const char *spy_annotation(const struct spy_annotations *annotations, const struct spy_conn *conn)
{
	uint32_t index = conn->self - 1;

	if (__builtin_expect(!(conn->flags & SPY_CONN_ANNOTATED), 1))
		return NULL;
	return annotations->chunks[index / SPY_CHUNK_CONNS][index % SPY_CHUNK_CONNS];
}

/*
 * Copies a text that another thread may be changing, so that who looks at it twice sees the same. Returns its
 * length.
 */
static inline size_t spy_annotation_copy(char room[SPY_ANNOTATION_ROOM], const char *note)
{
	size_t len = 0;

	while (len < SPY_ANNOTATION_ROOM - 1 && (room[len] = __atomic_load_n(&note[len], __ATOMIC_RELAXED)) != '\0')
		len++;
	return len;
}

#endif
