/*
 * The clocks and RFC 3339; see moment.h.
 */
#include "moment.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t moment_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * SPY_NS_PER_S + now.tv_nsec;
}

int64_t moment_uptime_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((int64_t)now.tv_sec * SPY_NS_PER_S + now.tv_nsec) / SPY_NS_PER_MS;
}

static bool read_digits(const char **at, int count, int *value)
{
	*value = 0;
	for (int i = 0; i < count; i++, ++*at) {
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

static bool read_char(const char **at, const char *any)
{
	if (!**at || !strchr(any, **at))
		return false;
	++*at;
	return true;
}

/* Days from 1970 to a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400, year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/* Years that 64 bits of nanoseconds since 1970 hold whole. */
#define FIRST_YEAR 1678
#define LAST_YEAR  2261

static bool read_date(const char **at, int64_t *days)
{
	int year, month, day;

	if (!read_digits(at, 4, &year) || !read_char(at, "-") || !read_digits(at, 2, &month) || !read_char(at, "-") ||
	    !read_digits(at, 2, &day) || year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1 ||
	    day > 31)
		return false;
	*days = days_of(year, month, day);
	return true;
}

static bool read_time(const char **at, int64_t *ns)
{
	int hour, minute, second;
	int64_t unit = SPY_NS_PER_S / 10;

	if (!read_digits(at, 2, &hour) || !read_char(at, ":") || !read_digits(at, 2, &minute) || !read_char(at, ":") ||
	    !read_digits(at, 2, &second) || hour > 23 || minute > 59 || second > 60)
		return false;
	*ns = (((int64_t)hour * 60 + minute) * 60 + second) * SPY_NS_PER_S;
	if (!read_char(at, "."))
		return true;
	for (; **at >= '0' && **at <= '9'; ++*at, unit /= 10)
		*ns += unit * (**at - '0');
	return true;
}

static bool read_zone(const char **at, int64_t *ns)
{
	int sign = **at == '-' ? -1 : 1;
	int hour, minute;

	*ns = 0;
	if (read_char(at, "Zz"))
		return true;
	if (!read_char(at, "+-") || !read_digits(at, 2, &hour) || !read_char(at, ":") || !read_digits(at, 2, &minute))
		return false;
	*ns = sign * ((int64_t)hour * 60 + minute) * 60 * SPY_NS_PER_S;
	return true;
}

bool moment_parse(const char *text, int64_t *ns)
{
	int64_t days, time, zone;

	if (!read_date(&text, &days) || !read_char(&text, "Tt ") || !read_time(&text, &time) ||
	    !read_zone(&text, &zone) || *text)
		return false;
	*ns = days * 86400 * SPY_NS_PER_S + time - zone;
	return true;
}

char *moment_text(int64_t ns, int decimals, char text[MOMENT_TEXT])
{
	int64_t part = ns % SPY_NS_PER_S;
	time_t seconds;
	struct tm tm;
	size_t len;

	if (part < 0)
		part += SPY_NS_PER_S;
	seconds = (time_t)((ns - part) / SPY_NS_PER_S);
	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	len = strftime(text, MOMENT_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	if (decimals > 0) {
		snprintf(text + len, MOMENT_TEXT - len, ".%09d", (int)part);
		len += 1 + (size_t)decimals;
	}
	snprintf(text + len, MOMENT_TEXT - len, "Z");
	return text;
}
