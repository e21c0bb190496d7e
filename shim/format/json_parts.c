/*
 * Pieces of JSON lines; see json_parts.h.
 */
#include "json_parts.h"

#include <string.h>

#include "memo.h"

/* Civil date from days since 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static void put_date(struct spy_buf *out, uint64_t days)
{
	uint64_t z = days + 719468, era = z / 146097, day_of_era = z - era * 146097;
	uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t mp = (5 * day_of_year + 2) / 153;
	uint64_t month = mp < 10 ? mp + 3 : mp - 9;

	spy_buf_padded(out, year_of_era + era * 400 + (month <= 2), 4);
	spy_buf_char(out, '-');
	spy_buf_padded(out, month, 2);
	spy_buf_char(out, '-');
	spy_buf_padded(out, day_of_year - (153 * mp + 2) / 5 + 1, 2);
}

static void put_second(struct spy_buf *out, uint64_t second)
{
	put_date(out, second / 86400);
	spy_buf_char(out, 'T');
	spy_buf_padded(out, second / 3600 % 24, 2);
	spy_buf_char(out, ':');
	spy_buf_padded(out, second / 60 % 60, 2);
	spy_buf_char(out, ':');
	spy_buf_padded(out, second % 60, 2);
	spy_buf_char(out, '.');
}

/* RFC 3339 in UTC with microseconds. */
static void put_timestamp(struct spy_buf *out, uint64_t wall_ns)
{
	static SPY_MEMO last;
	struct spy_memo_key second = {{wall_ns / SPY_NS_PER_S}};
	size_t begin = out->len;

	if (!spy_memo_put(&last, &second, out)) {
		put_second(out, second.word[0]);
		spy_memo_keep(&last, &second, out, begin);
	}
	spy_buf_micros(out, (uint32_t)(wall_ns % SPY_NS_PER_S / SPY_NS_PER_US));
	spy_buf_char(out, 'Z');
}

/* Who writes, which is the same from line to line. */
static void put_origin(struct spy_buf *out, const struct spy_origin *from)
{
	static SPY_MEMO last;
	struct spy_memo_key who = {{(uint64_t)from->pid, from->tid}};
	size_t begin = out->len;

	if (spy_memo_put(&last, &who, out))
		return;
	spy_buf_str(out, "\",\"pid\":");
	spy_buf_int(out, from->pid);
	spy_buf_str(out, ",\"tid\":");
	spy_buf_uint(out, from->tid);
	spy_memo_keep(&last, &who, out, begin);
}

void spy_json_name(struct spy_buf *out, const char *name)
{
	spy_buf_str(out, ",\"");
	spy_buf_str(out, name);
	spy_buf_str(out, "\":");
}

void spy_json_head(struct spy_buf *out, const struct spy_origin *from, const char *type)
{
	spy_buf_str(out, "{\"v\":1,\"type\":\"");
	spy_buf_str(out, type);
	spy_buf_str(out, "\",\"ts\":\"");
	put_timestamp(out, from->wall_ns);
	put_origin(out, from);
}

void spy_json_time(struct spy_buf *out, const char *name, uint64_t wall_ns)
{
	spy_json_name(out, name);
	spy_buf_char(out, '"');
	put_timestamp(out, wall_ns);
	spy_buf_char(out, '"');
}

void spy_json_text(struct spy_buf *out, const char *name, const char *text)
{
	spy_json_name(out, name);
	spy_buf_json(out, text, strlen(text));
}

void spy_json_addr(struct spy_buf *out, const char *name, const struct spy_addr *addr)
{
	spy_json_name(out, name);
	spy_buf_char(out, '"');
	spy_buf_addr(out, addr);
	spy_buf_char(out, '"');
}

__attribute__((noinline)) static void put_note(struct spy_buf *out, const char *note)
{
	char room[SPY_ANNOTATION_ROOM];
	size_t len = spy_annotation_copy(room, note);

	spy_json_name(out, "note");
	spy_buf_json(out, room, len);
}

void spy_json_note(struct spy_buf *out, const char *note)
{
	if (__builtin_expect(note != NULL, 0))
		put_note(out, note);
}

void spy_json_conn(struct spy_buf *out, const struct spy_line_conn *conn)
{
	spy_json_number(out, "conn", conn->id);
	spy_buf_str(out, ",\"local\":\"");
	spy_memo_addr(out, &conn->local);
	spy_buf_str(out, "\",\"peer\":\"");
	spy_memo_addr(out, &conn->peer);
	spy_buf_char(out, '"');
	spy_json_note(out, conn->note);
}

static void put_build_id(struct spy_buf *out, const struct spy_frame *frame)
{
	spy_json_key(out, "build_id");
	spy_buf_char(out, '"');
	for (size_t i = 0; i < frame->build_id_len; i++) {
		spy_buf_hex(out, frame->build_id[i] >> 4);
		spy_buf_hex(out, frame->build_id[i] & 15);
	}
	spy_buf_char(out, '"');
}

void spy_json_frame(struct spy_buf *out, const struct spy_frame *frame)
{
	spy_buf_str(out, "{\"ip\":");
	spy_buf_uint(out, frame->ip);
	spy_json_text(out, "module", frame->module);
	spy_json_number(out, "offset", (int64_t)frame->module_offset);
	put_build_id(out, frame);
	spy_json_text(out, "function", frame->function);
	spy_json_number(out, "function_offset", (int64_t)frame->function_offset);
	spy_buf_char(out, '}');
}
