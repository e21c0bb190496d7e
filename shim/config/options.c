/*
 * Reads TCPWAITSPY_OPTIONS into struct spy_options and prints the table of settings. The rows are
 * those of options.def, the values belong to kinds.c.
 *
 * Locks: none. Signals: safe; called once at start, maybe before libc is fully up.
 */
#include "options.h"

#include <string.h>

#include "complaints.h"
#include "kinds.h"

/* A longer value does not push the columns of the help table apart for all the others. */
#define HELP_COLUMN_MAX 24

struct option {
	const char *key;
	const struct spy_option_kind *kind;
	size_t offset; /* of its member in struct spy_options */
	const char *value; /* the default */
	const char *meaning;
};

#define OPTION(key, kind, field, value, meaning)                                                                       \
	{key, &spy_option_##kind, offsetof(struct spy_options, field), value, meaning},

static const struct option rows[] = {
#include "../../include/tcpwaitspy/options.def"
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static bool read_value(struct spy_options *options, const struct option *row, const char *value)
{
	/* Only an option whose default is "none" can be set to nothing. */
	if (*value == '\0' && *row->value != '\0')
		return false;
	return row->kind->read(row->kind, value, (char *)options + row->offset);
}

static void print_value(const struct spy_options *options, const struct option *row, struct spy_buf *out)
{
	size_t start = out->len;

	row->kind->print(row->kind, (const char *)options + row->offset, out);
	if (out->len == start)
		spy_buf_str(out, "none");
}

static const char *default_text(const struct option *row)
{
	return *row->value != '\0' ? row->value : "none";
}

static const struct option *find_row(const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (strlen(rows[i].key) == len && memcmp(rows[i].key, key, len) == 0)
			return &rows[i];
	return NULL;
}

static void complain_key(const char *what, const char *key, size_t len, struct spy_buf *complaints)
{
	size_t line = spy_complaint_begin(complaints);
	size_t i;

	spy_buf_str(complaints, what);
	spy_complaint_quote(complaints, key, len);
	spy_buf_str(complaints, " in TCPWAITSPY_OPTIONS; valid are ");
	for (i = 0; i < ROW_COUNT; i++) {
		if (i > 0)
			spy_buf_str(complaints, ", ");
		spy_buf_str(complaints, rows[i].key);
	}
	spy_complaint_end(complaints, line);
}

static void complain_value(const struct option *row, const char *value, size_t len, struct spy_buf *complaints)
{
	size_t line = spy_complaint_begin(complaints);

	spy_buf_str(complaints, "bad value ");
	spy_complaint_quote(complaints, value, len);
	spy_buf_str(complaints, " for ");
	spy_buf_str(complaints, row->key);
	spy_buf_str(complaints, " in TCPWAITSPY_OPTIONS: ");
	spy_option_print_valid(row->kind, complaints);
	spy_buf_str(complaints, " is valid; using ");
	spy_buf_str(complaints, default_text(row));
	spy_complaint_end(complaints, line);
}

static void complain_rule(const char *what, const char *item, size_t len, struct spy_buf *complaints)
{
	size_t line = spy_complaint_begin(complaints);

	spy_buf_str(complaints, what);
	spy_complaint_quote(complaints, item, len);
	spy_buf_str(complaints, " for rules in TCPWAITSPY_OPTIONS");
	spy_complaint_valid_rules(complaints, "all");
	spy_complaint_end(complaints, line);
}

/* One item of `rules`: -name, +name, -all, +all, or "all", which is the default. */
static void apply_rule(struct spy_options *options, const char *item, size_t len, struct spy_buf *complaints)
{
	bool on = *item != '-';
	size_t sign = *item == '-' || *item == '+';
	const char *name = item + sign;
	size_t name_len = len - sign;
	size_t i;
	int rule;

	if (name_len == 3 && memcmp(name, "all", 3) == 0) {
		for (i = 0; i < SPY_RULE_COUNT; i++)
			options->rule_on[i] = on;
		return;
	}
	rule = spy_rule_by_name(name, name_len);
	if (rule < 0)
		complain_rule("unknown rule ", item, len, complaints);
	else if (!sign)
		complain_rule("no - or + before rule ", item, len, complaints);
	else
		options->rule_on[rule] = on;
}

/*
 * Applies the list from left to right, over what the default came to: all rules on. What is bad in
 * it leaves the rest alone.
 */
static void apply_rules(struct spy_options *options, struct spy_buf *complaints)
{
	const char *item = options->rules;

	while (*item != '\0') {
		size_t len = strcspn(item, ",");

		if (len > 0)
			apply_rule(options, item, len, complaints);
		item += len;
		if (*item == ',')
			item++;
	}
}

/* The length of the segment at text: up to a ':' that has no backslash before it, or to the end. */
static size_t segment_len(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0' && text[len] != ':') {
		if (text[len] == '\\' && text[len + 1] == ':')
			len++;
		len++;
	}
	return len;
}

/* Copies a value with "\:" as ':'. What does not fit is longer than any kind allows. */
static void unescape(struct spy_buf *out, const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (value[i] == '\\' && i + 1 < len && value[i + 1] == ':')
			i++;
		spy_buf_char(out, value[i]);
	}
	spy_buf_cstr(out);
}

static void parse_segment(struct spy_options *options, const char *segment, size_t len, struct spy_buf *complaints)
{
	const char *equals = memchr(segment, '=', len);
	size_t key_len = equals != NULL ? (size_t)(equals - segment) : len;
	const struct option *row = find_row(segment, key_len);
	char value[SPY_PATH_MAX];
	struct spy_buf text = SPY_BUF(value);

	if (row == NULL) {
		complain_key("unknown option ", segment, key_len, complaints);
		return;
	}
	if (equals == NULL) {
		complain_key("no '=' after ", segment, len, complaints);
		return;
	}
	unescape(&text, equals + 1, len - key_len - 1);
	if (!text.truncated && read_value(options, row, value))
		return;
	complain_value(row, equals + 1, len - key_len - 1, complaints);
	read_value(options, row, row->value);
}

void spy_options_defaults(struct spy_options *options)
{
	struct spy_buf none = {.data = NULL};
	size_t i;

	memset(options, 0, sizeof(*options));
	for (i = 0; i < ROW_COUNT; i++)
		read_value(options, &rows[i], rows[i].value);
	apply_rules(options, &none);
}

void spy_options_parse(struct spy_options *options, const char *text, struct spy_buf *complaints)
{
	spy_options_defaults(options);
	while (text != NULL && *text != '\0') {
		size_t len = segment_len(text);

		if (len > 0)
			parse_segment(options, text, len, complaints);
		text += len;
		if (*text == ':')
			text++;
	}
	apply_rules(options, complaints);
}

/* Blanks up to the next column, which starts two after the widest text of this one. */
static void end_column(struct spy_buf *out, size_t start, size_t width)
{
	do
		spy_buf_char(out, ' ');
	while (out->len - start < width + 2 && !out->truncated);
}

static size_t wider(size_t width, size_t len)
{
	return len > width ? len : width;
}

void spy_options_help(const struct spy_options *options, struct spy_buf *out)
{
	size_t key_width = 0;
	size_t value_width = 0;
	size_t default_width = 0;
	size_t start;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++) {
		char value[HELP_COLUMN_MAX];
		struct spy_buf measure = SPY_BUF(value);

		print_value(options, &rows[i], &measure);
		key_width = wider(key_width, strlen(rows[i].key));
		value_width = wider(value_width, measure.len);
		default_width = wider(default_width, strlen("(default )") + strlen(default_text(&rows[i])));
	}
	for (i = 0; i < ROW_COUNT; i++) {
		start = out->len;
		spy_buf_str(out, rows[i].key);
		end_column(out, start, key_width);
		start = out->len;
		print_value(options, &rows[i], out);
		end_column(out, start, value_width);
		start = out->len;
		spy_buf_str(out, "(default ");
		spy_buf_str(out, default_text(&rows[i]));
		spy_buf_char(out, ')');
		end_column(out, start, default_width);
		spy_buf_str(out, rows[i].meaning);
		spy_buf_char(out, '\n');
	}
}
