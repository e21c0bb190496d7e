/*
 * What a format of files brings to be a source: a row in source.c's table, and these functions.
 * The contracts are those of source.h.
 */
#ifndef TOOLS_READ_READER_H
#define TOOLS_READ_READER_H

#include "source.h"

/* As many first bytes of a file as any format needs to know itself by. */
#define READER_HEAD 64

struct reader_format {
	/* Whether a file that begins so is of this format. */
	bool (*knows)(const char *head, size_t len);
	/*
	 * Takes fd over, also where it fails (NULL and errno). The first head_len bytes have been read
	 * from it already where it cannot seek; else it stands at its beginning and head_len is 0.
	 */
	void *(*open)(int fd, const char *head, size_t head_len);
	void (*close)(void *reader);
	bool (*next)(void *reader, struct item *item);
	void (*end)(void *reader);
	void (*progress)(const void *reader, uint64_t *done, uint64_t *size);
	uint64_t (*skipped)(const void *reader);
	const char *(*trouble)(void *reader);
};

extern const struct reader_format reader_json; /* json.c */
extern const struct reader_format reader_record; /* record.c */

#endif
