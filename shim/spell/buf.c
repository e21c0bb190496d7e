/*
 * Composes text in a buffer of fixed size: numbers, ages, addresses, JSON strings and text that
 * comes from the program and must not forge a line. Both logs and all complaints go through here.
 *
 * Locks: none; a buffer belongs to one caller, who usually has it on the stack.
 * Signals: safe. Nothing here allocates, takes part in a locale or touches errno.
 */
#include "buf.h"

#include <string.h>
#include <sys/socket.h>

#include "../../include/tcpwaitspy/event.h"

#define IPV6_GROUPS 8

#define MINUTE_S UINT64_C(60)
#define HOUR_S	 (60 * MINUTE_S)
#define DAY_S	 (24 * HOUR_S)

static const char hex_digits[] = "0123456789abcdef";

void spy_buf_cut(struct spy_buf *buf, const char *text, size_t len)
{
	/* Once cut, always cut: the text stays a prefix of the one that was meant. */
	if (buf->truncated || len == 0)
		return;
	buf->truncated = true;
	len = buf->size - buf->len;
	if (len > 0)
		memcpy(buf->data + buf->len, text, len);
	buf->len += len;
}

/* All of text or nothing: half an escape or half a character would be worse than its absence. */
static void put_whole(struct spy_buf *buf, const char *text, size_t len)
{
	if (len > buf->size - buf->len)
		buf->truncated = true;
	spy_buf_mem(buf, text, len);
}

static void put_two_units(struct spy_buf *buf, uint64_t large, const char *large_unit, uint64_t small,
			  const char *small_unit)
{
	spy_buf_uint(buf, large);
	spy_buf_str(buf, large_unit);
	spy_buf_uint(buf, small);
	spy_buf_str(buf, small_unit);
}

void spy_buf_age(struct spy_buf *buf, uint64_t age_ns)
{
	uint64_t ms = age_ns / SPY_NS_PER_MS;
	uint64_t s = ms / 1000;

	/* Everything is rounded down: an age never claims time that has not passed. */
	if (s == 0) {
		spy_buf_uint(buf, ms);
		spy_buf_str(buf, " ms");
	} else if (s < MINUTE_S) {
		spy_buf_fixed(buf, ms / 100, 1);
		spy_buf_str(buf, " s");
	} else if (s < HOUR_S) {
		put_two_units(buf, s / MINUTE_S, " min ", s % MINUTE_S, " s");
	} else if (s < DAY_S) {
		put_two_units(buf, s / HOUR_S, " h ", s % HOUR_S / MINUTE_S, " min");
	} else {
		put_two_units(buf, s / DAY_S, " d ", s % DAY_S / HOUR_S, " h");
	}
}

/* In a room of its own and then in one piece. */
static void put_ipv4(struct spy_buf *buf, const uint8_t *ip)
{
	char text[sizeof("255.255.255.255")];
	char *p = text;

	for (unsigned int i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		if (ip[i] >= 100)
			*p++ = (char)('0' + ip[i] / 100);
		if (ip[i] >= 10)
			*p++ = (char)('0' + ip[i] / 10 % 10);
		*p++ = (char)('0' + ip[i] % 10);
	}
	spy_buf_mem(buf, text, (size_t)(p - text));
}

static unsigned int ipv6_group(const uint8_t *ip, size_t i)
{
	return (unsigned int)ip[2 * i] << 8 | ip[2 * i + 1];
}

/*
 * Finds the run of zero groups that "::" stands for: the longest, the first among equals, and at
 * least two groups (RFC 5952, 4.2.2 and 4.2.3). Returns its length, 0 for none.
 */
static unsigned int longest_zero_run(const uint8_t *ip, unsigned int *start)
{
	unsigned int best = 0;
	unsigned int run = 0;
	unsigned int i;

	for (i = 0; i < IPV6_GROUPS; i++) {
		run = ipv6_group(ip, i) == 0 ? run + 1 : 0;
		if (run > best) {
			best = run;
			*start = i + 1 - run;
		}
	}
	return best >= 2 ? best : 0;
}

static void put_ipv6(struct spy_buf *buf, const uint8_t *ip)
{
	static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned int zeros_at = 0;
	unsigned int zeros;
	unsigned int i;

	if (memcmp(ip, v4_mapped, sizeof(v4_mapped)) == 0) {
		spy_buf_str(buf, "::ffff:");
		put_ipv4(buf, ip + sizeof(v4_mapped));
		return;
	}
	zeros = longest_zero_run(ip, &zeros_at);
	for (i = 0; i < IPV6_GROUPS; i++) {
		if (zeros > 0 && i == zeros_at) {
			spy_buf_str(buf, "::");
			i += zeros - 1;
			continue;
		}
		if (i > 0 && !(zeros > 0 && i == zeros_at + zeros))
			spy_buf_char(buf, ':');
		spy_buf_hex(buf, ipv6_group(ip, i));
	}
}

void spy_buf_addr(struct spy_buf *buf, const struct spy_addr *addr)
{
	if (addr->family == AF_INET) {
		put_ipv4(buf, addr->ip);
	} else if (addr->family == AF_INET6) {
		spy_buf_char(buf, '[');
		put_ipv6(buf, addr->ip);
		if (addr->scope_id != 0) {
			spy_buf_char(buf, '%');
			spy_buf_uint(buf, addr->scope_id);
		}
		spy_buf_char(buf, ']');
	} else {
		return;
	}
	spy_buf_char(buf, ':');
	spy_buf_uint(buf, addr->port);
}

struct utf8 {
	uint32_t code;
	size_t len; /* of the character or, where invalid, of what one U+FFFD replaces */
	bool valid;
};

/*
 * Reads the character at text; len is not 0. Well-formed is what table 3-7 of the Unicode standard
 * says: no overlong forms, no surrogates, nothing above U+10FFFF. Of an ill-formed sequence the
 * longest part that could have begun a character counts as one (3.9, "maximal subpart"), which is
 * also what Python and browsers do.
 */
static struct utf8 utf8_read(const char *text, size_t len)
{
	unsigned char lead = (unsigned char)text[0];
	unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	size_t want = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	struct utf8 c = {.code = lead, .len = 1, .valid = true};

	if (lead < 0x80)
		return c;
	c.valid = false;
	if (lead < 0xc2 || lead > 0xf4)
		return c;
	c.code = lead & (0x7fu >> want);
	for (; c.len < want; c.len++) {
		unsigned char next;

		if (c.len == len)
			return c;
		next = (unsigned char)text[c.len];
		if (next < low || next > high)
			return c;
		c.code = c.code << 6 | (next & 0x3f);
		low = 0x80;
		high = 0xbf;
	}
	c.valid = true;
	return c;
}

/*
 * True for what may end a line or rearrange it on a reader's screen: the C0 and C1 controls, the
 * line and paragraph separators and the bidirectional embeddings, overrides and isolates.
 */
static bool is_treacherous(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

/* How many bytes at text are printable ASCII that neither log has to escape. */
static size_t plain_run(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] >= 0x7f || text[i] == '"' || text[i] == '\\')
			break;
	return i;
}

static void put_json_escape(struct spy_buf *buf, uint32_t code)
{
	static const char named[] = "\"\"\\\\b\bf\fn\nr\rt\t";
	char escape[6] = {'\\', 'u'};
	unsigned int i;

	/* The pairs of named are the letter of the escape and what it stands for. */
	for (i = 0; i + 1 < sizeof(named); i += 2) {
		if (code == (unsigned char)named[i + 1]) {
			escape[1] = named[i];
			put_whole(buf, escape, 2);
			return;
		}
	}
	for (i = 0; i < 4; i++)
		escape[2 + i] = hex_digits[code >> (12 - 4 * i) & 0xf];
	put_whole(buf, escape, sizeof(escape));
}

void spy_buf_json(struct spy_buf *buf, const char *text, size_t len)
{
	size_t i = 0;

	spy_buf_char(buf, '"');
	while (i < len && !buf->truncated) {
		size_t run = plain_run(text + i, len - i);
		struct utf8 c;

		spy_buf_mem(buf, text + i, run);
		i += run;
		if (i == len)
			break;
		c = utf8_read(text + i, len - i);
		if (!c.valid)
			put_whole(buf, "\xef\xbf\xbd", 3);
		else if (c.code == '"' || c.code == '\\' || is_treacherous(c.code))
			put_json_escape(buf, c.code);
		else
			put_whole(buf, text + i, c.len);
		i += c.len;
	}
	spy_buf_char(buf, '"');
}

void spy_buf_plain(struct spy_buf *buf, const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && !buf->truncated) {
		size_t run = plain_run(text + i, len - i);
		struct utf8 c;

		spy_buf_mem(buf, text + i, run);
		i += run;
		if (i == len)
			break;
		c = utf8_read(text + i, len - i);
		if (c.valid && c.code != '\\' && !is_treacherous(c.code)) {
			put_whole(buf, text + i, c.len);
			i += c.len;
			continue;
		}
		for (; c.len > 0; c.len--, i++) {
			unsigned char byte = (unsigned char)text[i];
			char escape[4] = {'\\', 'x', hex_digits[byte >> 4], hex_digits[byte & 0xf]};

			put_whole(buf, escape, sizeof(escape));
		}
	}
}

const char *spy_buf_cstr(struct spy_buf *buf)
{
	if (buf->size == 0)
		return "";
	if (buf->len == buf->size) {
		buf->len--;
		buf->truncated = true;
	}
	buf->data[buf->len] = '\0';
	return buf->data;
}
