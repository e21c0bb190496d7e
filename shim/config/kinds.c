/*
 * Reads and writes the values of options, kind by kind. Knows no key: options.c has the rows.
 *
 * Locks: none. Signals: safe; used at start, maybe before libc is fully up, so neither strtoull()
 * nor anything else that asks the locale or sets errno.
 */
#include "kinds.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "../../include/tcpwaitspy/units.h"

#define NS_PER_M (60 * SPY_NS_PER_S)

_Static_assert(sizeof(enum spy_format) == sizeof(unsigned int), "read_choice() writes an unsigned int");

#define STRING_OF(x) #x
#define STRING(x)    STRING_OF(x)

static bool read_text(const struct spy_option_kind *kind, const char *value, void *member)
{
	size_t len = strlen(value);

	if (len > kind->max)
		return false;
	memcpy(member, value, len + 1);
	return true;
}

static void print_text(const struct spy_option_kind *kind, const void *member, struct spy_buf *out)
{
	(void)kind;
	spy_buf_plain(out, member, strlen(member));
}

/* Decimal digits, at least one; *end is what follows them. */
static bool read_digits(const char *text, uint64_t *number, const char **end)
{
	const char *c;

	*number = 0;
	for (c = text; *c >= '0' && *c <= '9'; c++) {
		uint64_t digit = (uint64_t)(*c - '0');

		if (*number > (UINT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	*end = c;
	return c != text;
}

static uint64_t time_unit_ns(const char *unit)
{
	if (strcmp(unit, "ms") == 0)
		return SPY_NS_PER_MS;
	if (strcmp(unit, "s") == 0)
		return SPY_NS_PER_S;
	return strcmp(unit, "m") == 0 ? NS_PER_M : 0;
}

/* "500ms", "1.5s", "2m" or a bare "0". */
static bool read_time(const struct spy_option_kind *kind, const char *value, void *member)
{
	const char *fraction = NULL;
	const char *end;
	uint64_t unit_ns;
	uint64_t place_ns;
	uint64_t ns;

	if (!read_digits(value, &ns, &end))
		return false;
	if (*end == '.') {
		fraction = end + 1;
		end = fraction + strspn(fraction, "0123456789");
		if (end == fraction)
			return false;
	}
	unit_ns = strcmp(value, "0") == 0 ? 1 : time_unit_ns(end);
	if (unit_ns == 0 || ns > kind->max / unit_ns)
		return false;
	ns *= unit_ns;
	place_ns = unit_ns / 10;
	for (; fraction != NULL && fraction < end; fraction++, place_ns /= 10)
		ns += (uint64_t)(*fraction - '0') * place_ns;
	if (ns < kind->min || ns > kind->max)
		return false;
	/* Less than a nanosecond was certainly not meant as 0, which switches things off. */
	if (ns == 0 && strpbrk(value, "123456789") != NULL)
		return false;
	*(uint64_t *)member = ns;
	return true;
}

static void print_time(const struct spy_option_kind *kind, const void *member, struct spy_buf *out)
{
	uint64_t ns = *(const uint64_t *)member;

	(void)kind;
	if (ns == 0) {
		spy_buf_char(out, '0');
	} else if (ns % NS_PER_M == 0) {
		spy_buf_uint(out, ns / NS_PER_M);
		spy_buf_char(out, 'm');
	} else if (ns % SPY_NS_PER_S == 0) {
		spy_buf_uint(out, ns / SPY_NS_PER_S);
		spy_buf_char(out, 's');
	} else if (ns % SPY_NS_PER_MS == 0) {
		spy_buf_uint(out, ns / SPY_NS_PER_MS);
		spy_buf_str(out, "ms");
	} else {
		spy_buf_fixed(out, ns, 6);
		spy_buf_str(out, "ms");
	}
}

static const struct {
	char letter;
	unsigned int shift;
} size_units[] = {{'G', 30}, {'M', 20}, {'K', 10}};

#define SIZE_UNIT_COUNT (sizeof(size_units) / sizeof(size_units[0]))

/* "64M"; without a unit it is bytes. */
static bool read_size(const struct spy_option_kind *kind, const char *value, void *member)
{
	unsigned int shift = 0;
	const char *end;
	uint64_t size;
	size_t i;

	if (!read_digits(value, &size, &end))
		return false;
	for (i = 0; i < SIZE_UNIT_COUNT && *end != '\0'; i++) {
		if (*end == size_units[i].letter) {
			shift = size_units[i].shift;
			end++;
			break;
		}
	}
	if (*end != '\0' || size > kind->max >> shift || size << shift < kind->min)
		return false;
	*(uint64_t *)member = size << shift;
	return true;
}

static void print_size(const struct spy_option_kind *kind, const void *member, struct spy_buf *out)
{
	uint64_t size = *(const uint64_t *)member;
	size_t i;

	(void)kind;
	for (i = 0; i < SIZE_UNIT_COUNT; i++) {
		if (size % (UINT64_C(1) << size_units[i].shift) == 0) {
			spy_buf_uint(out, size >> size_units[i].shift);
			spy_buf_char(out, size_units[i].letter);
			return;
		}
	}
	spy_buf_uint(out, size);
}

static bool read_number(const struct spy_option_kind *kind, const char *value, unsigned int *number)
{
	const char *end;
	uint64_t wide;

	if (!read_digits(value, &wide, &end) || *end != '\0' || wide < kind->min || wide > kind->max)
		return false;
	*number = (unsigned int)wide;
	return true;
}

static bool read_count(const struct spy_option_kind *kind, const char *value, void *member)
{
	return read_number(kind, value, member);
}

static void print_count(const struct spy_option_kind *kind, const void *member, struct spy_buf *out)
{
	(void)kind;
	spy_buf_uint(out, *(const unsigned int *)member);
}

static bool read_exit(const struct spy_option_kind *kind, const char *value, void *member)
{
	unsigned int number;

	if (!read_number(kind, value, &number))
		return false;
	*(int *)member = (int)number;
	return true;
}

static void print_exit(const struct spy_option_kind *kind, const void *member, struct spy_buf *out)
{
	(void)kind;
	spy_buf_int(out, *(const int *)member);
}

static bool read_switch(const struct spy_option_kind *kind, const char *value, void *member)
{
	unsigned int number;

	if (!read_number(kind, value, &number))
		return false;
	*(bool *)member = number == 1;
	return true;
}

static void print_switch(const struct spy_option_kind *kind, const void *member, struct spy_buf *out)
{
	(void)kind;
	spy_buf_char(out, *(const bool *)member ? '1' : '0');
}

/* The names stand in the order of the enumeration, which gcc and clang keep in an unsigned int. */
static bool read_choice(const struct spy_option_kind *kind, const char *value, void *member)
{
	unsigned int i;

	for (i = 0; kind->choices[i] != NULL; i++) {
		if (strcmp(kind->choices[i], value) == 0) {
			*(unsigned int *)member = i;
			return true;
		}
	}
	return false;
}

static void print_choice(const struct spy_option_kind *kind, const void *member, struct spy_buf *out)
{
	spy_buf_str(out, kind->choices[*(const unsigned int *)member]);
}

/*
 * Those signals of signal(7) that a program survives handling. Absent are KILL and STOP, which
 * cannot be handled, and those that report a fault: a handler that returns would meet it again.
 */
#define SIGNAL(name)                                                                                                   \
	{                                                                                                              \
#name, SIG##name                                                                                       \
	}

static const struct {
	const char *name;
	int number;
} signals[] = {
	SIGNAL(HUP),  SIGNAL(INT),  SIGNAL(QUIT), SIGNAL(USR1), SIGNAL(USR2), SIGNAL(PIPE),   SIGNAL(ALRM),
	SIGNAL(TERM), SIGNAL(CHLD), SIGNAL(CONT), SIGNAL(TSTP), SIGNAL(TTIN), SIGNAL(TTOU),   SIGNAL(URG),
	SIGNAL(XCPU), SIGNAL(XFSZ), SIGNAL(PROF), SIGNAL(IO),	SIGNAL(PWR),  SIGNAL(VTALRM), SIGNAL(WINCH),
};

#define SIGNAL_COUNT (sizeof(signals) / sizeof(signals[0]))

static bool read_signal(const struct spy_option_kind *kind, const char *value, void *member)
{
	size_t i;

	(void)kind;
	if (*value == '\0') {
		*(int *)member = 0;
		return true;
	}
	if (strncmp(value, "SIG", 3) == 0)
		value += 3;
	for (i = 0; i < SIGNAL_COUNT; i++) {
		if (strcmp(signals[i].name, value) == 0) {
			*(int *)member = signals[i].number;
			return true;
		}
	}
	return false;
}

static void print_signal(const struct spy_option_kind *kind, const void *member, struct spy_buf *out)
{
	size_t i;

	(void)kind;
	for (i = 0; i < SIGNAL_COUNT; i++)
		if (signals[i].number == *(const int *)member)
			spy_buf_str(out, signals[i].name);
}

void spy_option_print_valid(const struct spy_option_kind *kind, struct spy_buf *out)
{
	unsigned int i;

	if (kind->choices == NULL) {
		spy_buf_str(out, kind->valid);
		return;
	}
	for (i = 0; kind->choices[i] != NULL; i++) {
		if (i > 0)
			spy_buf_str(out, kind->choices[i + 1] != NULL ? ", " : " or ");
		spy_buf_str(out, kind->choices[i]);
	}
}

static const char *const formats[] = {"text", "json", NULL};
static const char *const calls_modes[] = {"all", "lifecycle", "none", NULL};
static const char *const flushes[] = {"line", "buffer", NULL};

const struct spy_option_kind spy_option_TEXT = {
	.name = "PATH",
	.read = read_text,
	.print = print_text,
	.valid = "a text shorter than " STRING(SPY_PATH_MAX) " bytes",
	.max = SPY_PATH_MAX - 1,
};
const struct spy_option_kind spy_option_RULES = {
	.name = "LIST",
	.read = read_text,
	.print = print_text,
	.valid = "a list of -name and +name shorter than " STRING(SPY_PATH_MAX) " bytes",
	.max = SPY_PATH_MAX - 1,
};
const struct spy_option_kind spy_option_TIME = {
	.name = "TIME",
	.read = read_time,
	.print = print_time,
	.valid = "a time such as 500ms, 5s or 1m",
	.min = 1,
	.max = INT64_MAX,
};
const struct spy_option_kind spy_option_TIME_OR_0 = {
	.name = "TIME",
	.read = read_time,
	.print = print_time,
	.valid = "a time such as 500ms, 5s or 1m (or 0)",
	.max = INT64_MAX,
};
const struct spy_option_kind spy_option_SIZE = {
	.name = "SIZE",
	.read = read_size,
	.print = print_size,
	.valid = "a size from 256K to 64G",
	.min = SPY_RECORD_SIZE_MIN,
	.max = SPY_RECORD_SIZE_MAX,
};
const struct spy_option_kind spy_option_COUNT = {
	.name = "N",
	.read = read_count,
	.print = print_count,
	.valid = "a number from 0 to " STRING(SPY_STACK_FRAMES_MAX),
	.max = SPY_STACK_FRAMES_MAX,
};
const struct spy_option_kind spy_option_EXIT = {
	.name = "N", .read = read_exit, .print = print_exit, .valid = "a number from 0 to 255", .max = 255};
const struct spy_option_kind spy_option_SWITCH = {
	.name = "0|1", .read = read_switch, .print = print_switch, .valid = "0 or 1", .max = 1};
const struct spy_option_kind spy_option_SIGNAL = {
	.name = "SIGNAL",
	.read = read_signal,
	.print = print_signal,
	.valid = "a signal such as USR2 or SIGUSR2, but not KILL, STOP or one that reports a fault,",
};
const struct spy_option_kind spy_option_CHOICE_FORMAT = {
	.read = read_choice, .print = print_choice, .choices = formats};
const struct spy_option_kind spy_option_CHOICE_CALLS = {
	.read = read_choice, .print = print_choice, .choices = calls_modes};
const struct spy_option_kind spy_option_CHOICE_FLUSH = {.read = read_choice, .print = print_choice, .choices = flushes};
