/*
 * The pieces that lines of the JSON log have in common. Each appends to out; a name is the shim's own
 * and needs no escaping, a text is anybody's and gets it.
 *
 * Pure. Locks: none. Signals: safe.
 */
#ifndef SPY_FORMAT_JSON_PARTS_H
#define SPY_FORMAT_JSON_PARTS_H

#include "format.h"

/* {"v":1,"type":...,"ts":...,"pid":...,"tid":... without the closing brace. */
void spy_json_head(struct spy_buf *out, const struct spy_origin *from, const char *type);

/*
 * ,"name": and then a word, a number, a text, an endpoint ("" where it is not known). The name of the first
 * three is a literal, so that it goes into the line in one piece.
 */
#define spy_json_key(out, name) spy_buf_str((out), ",\"" name "\":")
#define spy_json_word(out, name, text)                                                                                 \
	do {                                                                                                           \
		spy_buf_str((out), ",\"" name "\":\"");                                                                \
		spy_buf_str((out), (text));                                                                            \
		spy_buf_char((out), '"');                                                                              \
	} while (0)
#define spy_json_number(out, name, number)                                                                             \
	do {                                                                                                           \
		spy_json_key(out, name);                                                                               \
		spy_buf_int((out), (int64_t)(number));                                                                 \
	} while (0)
void spy_json_name(struct spy_buf *out, const char *name);
void spy_json_time(struct spy_buf *out, const char *name, uint64_t wall_ns);
void spy_json_text(struct spy_buf *out, const char *name, const char *text);
void spy_json_addr(struct spy_buf *out, const char *name, const struct spy_addr *addr);

/* ,"note":... where the program has put one on the connection */
void spy_json_note(struct spy_buf *out, const char *note);

/* ,"conn":...,"local":...,"peer":... and the note */
void spy_json_conn(struct spy_buf *out, const struct spy_line_conn *conn);

/* {"ip":...,"module":...,"offset":...,"build_id":...,"function":...,"function_offset":...} */
void spy_json_frame(struct spy_buf *out, const struct spy_frame *frame);

/* json_summary.c: the summary's line. */
void spy_json_summary(struct spy_buf *out, const struct spy_origin *from, const struct spy_summary *summary);

#endif
