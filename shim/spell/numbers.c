/*
 * Numbers in a text buffer; see buf.h. A line of a log has a dozen of them, so that they are written
 * in place, two digits at a time, where there is room for the longest.
 */
#include "buf.h"

#define UINT64_DIGITS 20

static const char pairs[] =
	"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
	"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

static unsigned int count_digits(uint64_t value)
{
	unsigned int count = 1;

	for (; value >= 10000; value /= 10000)
		count += 4;
	return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

/* Writes value, padded with zeros to count digits, which it does not exceed. */
static void put_digits(char *digits, uint64_t value, unsigned int count)
{
	for (; value > UINT32_MAX && count >= 2; value /= 100)
		memcpy(digits + (count -= 2), pairs + (size_t)(value % 100) * 2, 2);
	for (uint32_t low = (uint32_t)value; count >= 2; low /= 100, value = low)
		memcpy(digits + (count -= 2), pairs + (size_t)(low % 100) * 2, 2);
	if (count)
		digits[0] = (char)('0' + value % 10);
}

void spy_buf_padded(struct spy_buf *buf, uint64_t value, unsigned int width)
{
	unsigned int count = count_digits(value);
	char digits[UINT64_DIGITS];

	for (; width > UINT64_DIGITS && !buf->truncated; width--)
		spy_buf_char(buf, '0');
	if (buf->truncated)
		return;
	if (count < width)
		count = width;
	if (__builtin_expect(buf->size - buf->len >= count, 1)) {
		put_digits(buf->data + buf->len, value, count);
		buf->len += count;
		return;
	}
	put_digits(digits, value, count);
	spy_buf_mem(buf, digits, count);
}

static void put_pair(char *digits, uint32_t value)
{
	memcpy(digits, pairs + (size_t)value * 2, 2);
}

void spy_buf_micros(struct spy_buf *buf, uint32_t us)
{
	char digits[6];

	put_pair(digits, us / 10000);
	put_pair(digits + 2, us / 100 % 100);
	put_pair(digits + 4, us % 100);
	spy_buf_mem(buf, digits, sizeof(digits));
}

void spy_buf_uint(struct spy_buf *buf, uint64_t value)
{
	/* Octets of addresses, descriptors and flags: most numbers are short. */
	if (value < 10)
		spy_buf_char(buf, (char)('0' + value));
	else if (value < 100)
		spy_buf_mem(buf, pairs + value * 2, 2);
	else
		spy_buf_padded(buf, value, 1);
}

void spy_buf_int(struct spy_buf *buf, int64_t value)
{
	if (value < 0)
		spy_buf_char(buf, '-');
	/* Negated as unsigned, because -INT64_MIN does not exist. */
	spy_buf_uint(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void spy_buf_hex(struct spy_buf *buf, uint64_t value)
{
	int shift = 60;

	while (shift > 0 && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		spy_buf_char(buf, "0123456789abcdef"[value >> shift & 0xf]);
}

void spy_buf_fixed(struct spy_buf *buf, uint64_t value, unsigned int decimals)
{
	uint64_t scale = 1;

	/* 10^20 and more is larger than any value, so nothing stands before the point. */
	if (decimals >= UINT64_DIGITS) {
		spy_buf_str(buf, "0.");
		spy_buf_padded(buf, value, decimals);
		return;
	}
	for (unsigned int i = 0; i < decimals; i++)
		scale *= 10;
	spy_buf_uint(buf, value / scale);
	if (decimals == 0)
		return;
	spy_buf_char(buf, '.');
	spy_buf_padded(buf, value % scale, decimals);
}
