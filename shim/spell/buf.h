/*
 * A bounded text buffer: what every line of both logs is composed in, on the caller's stack.
 * Formatting without stdio, locale and malloc, so that it is async-signal-safe and cheap.
 *
 * A buffer never overflows: what does not fit is dropped and `truncated` says so. From then on
 * nothing more is added, so that the text is always a prefix of the whole one, and an escape or a
 * character of several bytes is in it whole or not at all. To take back a part, set len to what it
 * was before and truncated to false.
 */
#ifndef SPY_SPELL_BUF_H
#define SPY_SPELL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct spy_addr;

struct spy_buf {
	char *data;
	size_t len;
	size_t size;
	bool truncated;
};

#define SPY_BUF(array)                                                                                                 \
	{                                                                                                              \
		.data = (array), .len = 0, .size = sizeof(array), .truncated = false                                   \
	}

/* What does not fit as a whole; out of line, since it hardly ever happens. */
void spy_buf_cut(struct spy_buf *buf, const char *text, size_t len);

/* In line, since a line of a log is a hundred appends, most of them of texts whose length is known here. */
static inline void spy_buf_mem(struct spy_buf *buf, const char *text, size_t len)
{
	if (__builtin_expect(buf->truncated || len == 0 || len > buf->size - buf->len, 0)) {
		spy_buf_cut(buf, text, len);
		return;
	}
	memcpy(buf->data + buf->len, text, len);
	buf->len += len;
}

static inline void spy_buf_char(struct spy_buf *buf, char c)
{
	spy_buf_mem(buf, &c, 1);
}

static inline void spy_buf_str(struct spy_buf *buf, const char *text)
{
	spy_buf_mem(buf, text, strlen(text));
}

void spy_buf_uint(struct spy_buf *buf, uint64_t value);
void spy_buf_int(struct spy_buf *buf, int64_t value);
/* Lower-case hexadecimal without leading zeros and without "0x". */
void spy_buf_hex(struct spy_buf *buf, uint64_t value);
/* value in decimal, padded with zeros on the left to width digits. */
void spy_buf_padded(struct spy_buf *buf, uint64_t value, unsigned int width);
/* The six digits of a number of microseconds below a second. */
void spy_buf_micros(struct spy_buf *buf, uint32_t us);
/* value / 10^decimals with exactly that many decimals: (3104, 3) is "3.104". */
void spy_buf_fixed(struct spy_buf *buf, uint64_t value, unsigned int decimals);

/* "120 ms", "5.0 s", "2 min 5 s", "3 h 0 min" or "4 d 7 h": an age for people, rounded down. */
void spy_buf_age(struct spy_buf *buf, uint64_t age_ns);
/*
 * "127.0.0.1:5197", "[::1]:5197", "[::ffff:127.0.0.1]:80", "[fe80::1%2]:80", or nothing where the
 * family is 0. IPv6 as in RFC 5952.
 */
void spy_buf_addr(struct spy_buf *buf, const struct spy_addr *addr);

/*
 * text as a JSON string with its quotes; bytes that are no valid UTF-8 become U+FFFD (RFC 8259).
 * Whatever a reader may take for the end of a line (U+0085, U+2028, ...) is escaped too.
 */
void spy_buf_json(struct spy_buf *buf, const char *text, size_t len);
/*
 * text for the text log: backslashes, controls, bytes that are no valid UTF-8 and what ends or
 * reorders a line on screen as \xHH for each byte, so that nobody can forge a line.
 */
void spy_buf_plain(struct spy_buf *buf, const char *text, size_t len);

/* Ends the text with a NUL, dropping its last byte where the buffer is full. Returns data. */
const char *spy_buf_cstr(struct spy_buf *buf);

#endif
