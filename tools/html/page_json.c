/*
 * JSON, piece by piece. `<`, `>` and `&` are written by their codes: no text can end the script element
 * around it or begin a comment there.
 */
#include "page_json.h"

#include <string.h>

static void put_name(struct page_json *out, const char *name)
{
	if (out->inside)
		putc_unlocked(',', out->file);
	out->inside = true;
	if (name)
		fprintf(out->file, "\"%s\":", name);
}

void page_json_open(struct page_json *out, const char *name, char bracket)
{
	put_name(out, name);
	putc_unlocked(bracket, out->file);
	out->inside = false;
}

void page_json_close(struct page_json *out, char bracket)
{
	putc_unlocked(bracket, out->file);
	out->inside = true;
}

void page_json_number(struct page_json *out, const char *name, int64_t value)
{
	char digits[24];
	char *at = digits + sizeof(digits);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	put_name(out, name);
	do
		*--at = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		*--at = '-';
	fwrite_unlocked(at, 1, (size_t)(digits + sizeof(digits) - at), out->file);
}

/* The length of the UTF-8 sequence at text, 0 where there is none (RFC 3629, 4). */
static size_t sequence(const unsigned char *text, size_t len)
{
	size_t want = text[0] < 0x80   ? 1
		      : text[0] < 0xc2 ? 0
		      : text[0] < 0xe0 ? 2
		      : text[0] < 0xf0 ? 3
		      : text[0] < 0xf5 ? 4
				       : 0;

	if (!want || want > len)
		return 0;
	for (size_t i = 1; i < want; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return want;
}

static void put_text(struct page_json *out, const char *name, const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text;
	const unsigned char *end = at + len;

	put_name(out, name);
	putc_unlocked('"', out->file);
	while (at < end) {
		size_t length = sequence(at, (size_t)(end - at));

		if (!length)
			fputs("\\ufffd", out->file);
		else if (*at < 0x20 || *at == 0x7f || strchr("\"\\<>&", *at))
			fprintf(out->file, "\\u%04x", *at);
		else
			fwrite_unlocked(at, 1, length, out->file);
		at += length ? length : 1;
	}
	putc_unlocked('"', out->file);
}

void page_json_text(struct page_json *out, const char *name, const char *text)
{
	put_text(out, name, text ? text : "", text ? strlen(text) : 0);
}
