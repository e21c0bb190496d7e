/*
 * Options from the rows of options.def; what is valid is decided by the shim's own parser.
 */
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../shim/config/kinds.h"
#include "../cli/words.h"

#define VARIABLE "TCPWAITSPY_OPTIONS"

struct row {
	const char *key;
	const struct spy_option_kind *kind;
	const char *value;
	const char *meaning;
};

#define OPTION(key, kind, field, value, meaning) {key, &spy_option_##kind, value, meaning},

static const struct row rows[] = {
#include "../../include/tcpwaitspy/options.def"
};

#define ROW_COUNT   (sizeof(rows) / sizeof(rows[0]))
#define HELP_INDENT 26
#define HELP_WIDTH  100

/* --help is the command's, and prints what `help` would. */
static bool is_option(const struct row *row)
{
	return strcmp(row->key, "help") != 0;
}

static const struct row *option_row(unsigned int index)
{
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (is_option(&rows[i]) && index-- == 0)
			return &rows[i];
	abort();
}

unsigned int settings_count(void)
{
	unsigned int count = 0;

	for (size_t i = 0; i < ROW_COUNT; i++)
		count += is_option(&rows[i]);
	return count;
}

const char *settings_name(unsigned int index)
{
	static char *names[ROW_COUNT];

	if (!names[index]) {
		names[index] = words_copy(option_row(index)->key);
		for (char *c = names[index]; *c; c++)
			if (*c == '_')
				*c = '-';
	}
	return names[index];
}

const char *settings_key(unsigned int index)
{
	return option_row(index)->key;
}

void settings_begin(struct settings *settings)
{
	const char *text = getenv(VARIABLE);
	struct spy_buf none = {.data = NULL};

	settings->text = words_copy(text ? text : "");
	spy_options_parse(&settings->options, settings->text, &none);
}

void settings_end(struct settings *settings)
{
	free(settings->text);
}

/* "key=value" with each ':' of the value as "\:". */
static char *assignment(const char *key, const char *value)
{
	char *text = words_room(strlen(key) + 2 * strlen(value) + 2);
	char *end = stpcpy(stpcpy(text, key), "=");

	for (; *value; value++) {
		if (*value == ':')
			*end++ = '\\';
		*end++ = *value;
	}
	*end = '\0';
	return text;
}

void settings_set(struct settings *settings, const char *key, const char *value)
{
	char *added = assignment(key, value);
	char *text = words_join(settings->text, *settings->text ? ":" : "", added);
	struct spy_buf none = {.data = NULL};

	free(added);
	free(settings->text);
	settings->text = text;
	spy_options_parse(&settings->options, text, &none);
}

/* The parser complains about a variable and goes on with a default; here is an option and an end. */
static void print_complaint(const struct spy_buf *complaint, const char *name)
{
	static const char where[] = " in " VARIABLE;
	char *text = strndup(complaint->data, complaint->len);
	char *at = text ? strstr(text, where) : NULL;
	char *using = text ? strstr(text, "; using ") : NULL;

	if (using)
		memcpy(using, "\n", 2);
	if (at)
		memmove(at, at + strlen(where), strlen(at + strlen(where)) + 1);
	if (text)
		fprintf(stderr, "%.*s--%s: %s", (int)strlen("tcpwaitspy: "), text, name, text + strlen("tcpwaitspy: "));
	free(text);
}

static char *absolute(const struct row *row, const char *value)
{
	char *here;
	char *path;

	if (row->kind != &spy_option_TEXT || *value == '/' || *value == '\0' || strcmp(value, row->value) == 0)
		return words_copy(value);
	here = getcwd(NULL, 0);
	if (!here)
		return words_copy(value);
	path = words_join(here, "/", value);
	free(here);
	return path;
}

bool settings_give(struct settings *settings, unsigned int index, const char *value)
{
	const struct row *row = option_row(index);
	char room[4096];
	struct spy_buf complaint = SPY_BUF(room);
	struct spy_options options;
	char *path = absolute(row, value);
	char *alone = assignment(row->key, path);

	spy_options_parse(&options, alone, &complaint);
	free(alone);
	if (complaint.len)
		print_complaint(&complaint, settings_name(index));
	else
		settings_set(settings, row->key, path);
	free(path);
	return complaint.len == 0;
}

static void print_value_name(FILE *out, const struct row *row, int *width)
{
	char room[256];
	struct spy_buf value = SPY_BUF(room);

	if (row->kind->choices) {
		for (unsigned int i = 0; row->kind->choices[i]; i++) {
			if (i)
				spy_buf_char(&value, '|');
			spy_buf_str(&value, row->kind->choices[i]);
		}
	} else {
		spy_buf_str(&value, row->kind->name);
	}
	*width += fprintf(out, "=%s", spy_buf_cstr(&value));
}

void settings_print_help(FILE *out)
{
	for (unsigned int i = 0; i < settings_count(); i++) {
		const struct row *row = option_row(i);
		int width = fprintf(out, "  --%s", settings_name(i));
		char *text;

		print_value_name(out, row, &width);
		text = words_join(row->meaning, *row->value ? "; default " : "", row->value);
		words_wrap(out, text, width, HELP_INDENT, HELP_WIDTH);
		free(text);
	}
}
