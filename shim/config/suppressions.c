/*
 * Reads suppressions and matches findings against them. Called at start by the process's setup and
 * then by the sink, for findings only.
 *
 * Locks: none; the set is filled once and only read after. Signals: safe.
 */
#include "suppressions.h"

#include <string.h>

#include "complaints.h"

/* One line on its way into the set, with what a complaint about it has to tell. */
struct line {
	const char *file;
	unsigned int number;
	const char *text;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks at both ends. */
static void trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank((*text)[*len - 1]))
		--*len;
	while (*len > 0 && is_blank(**text)) {
		++*text;
		--*len;
	}
}

/* A '#' inside a word is none of a comment: it may well stand in a path. */
static size_t comment_start(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] == '#' && (i == 0 || is_blank(text[i - 1])))
			break;
	return i;
}

static size_t begin_complaint(const struct line *line, struct spy_buf *complaints)
{
	size_t begin = spy_complaint_begin(complaints);

	spy_buf_plain(complaints, line->file, strlen(line->file));
	spy_buf_char(complaints, ':');
	spy_buf_uint(complaints, line->number);
	spy_buf_str(complaints, ": ");
	return begin;
}

static void complain(const struct line *line, const char *what, struct spy_buf *complaints)
{
	size_t begin = begin_complaint(line, complaints);

	spy_buf_str(complaints, what);
	spy_buf_str(complaints, " in ");
	spy_complaint_quote(complaints, line->text, line->len);
	spy_buf_str(complaints, "; a suppression is rule:pattern");
	spy_complaint_end(complaints, begin);
}

static void complain_unknown_rule(const struct line *line, const char *name, size_t len, struct spy_buf *complaints)
{
	size_t begin = begin_complaint(line, complaints);

	spy_buf_str(complaints, "unknown rule ");
	spy_complaint_quote(complaints, name, len);
	spy_complaint_valid_rules(complaints, "*");
	spy_complaint_end(complaints, begin);
}

static void complain_full(const struct line *line, struct spy_buf *complaints)
{
	size_t begin = begin_complaint(line, complaints);

	spy_buf_str(complaints, "more than ");
	spy_buf_uint(complaints, SPY_SUPPRESSIONS_MAX);
	spy_buf_str(complaints, " suppressions; this line and those after it are not used");
	spy_complaint_end(complaints, begin);
}

/* Reads "rule:pattern" into entry; false after a complaint. */
static bool parse_line(const struct line *line, struct spy_suppression *entry, struct spy_buf *complaints)
{
	const char *colon = memchr(line->text, ':', line->len);
	const char *name = line->text;
	size_t name_len;

	if (colon == NULL) {
		complain(line, "no ':'", complaints);
		return false;
	}
	name_len = (size_t)(colon - name);
	entry->pattern = colon + 1;
	entry->pattern_len = line->len - name_len - 1;
	trim(&name, &name_len);
	trim(&entry->pattern, &entry->pattern_len);
	entry->rule = spy_rule_by_name(name, name_len);
	if (entry->rule < 0 && !(name_len == 1 && *name == '*')) {
		complain_unknown_rule(line, name, name_len, complaints);
		return false;
	}
	if (entry->pattern_len == 0) {
		complain(line, "no pattern", complaints);
		return false;
	}
	return true;
}

void spy_suppressions_parse(struct spy_suppressions *set, const char *name, const char *text, size_t len,
			    struct spy_buf *complaints)
{
	struct line line = {.file = name};
	const char *end;
	const char *next;

	if (len == 0)
		return;
	end = text + len;
	for (; text < end; text = next) {
		struct spy_suppression entry;
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		next = newline != NULL ? newline + 1 : end;
		line.number++;
		line.text = text;
		line.len = comment_start(text, (size_t)((newline != NULL ? newline : end) - text));
		trim(&line.text, &line.len);
		if (line.len == 0 || !parse_line(&line, &entry, complaints))
			continue;
		if (set->count == SPY_SUPPRESSIONS_MAX) {
			complain_full(&line, complaints);
			return;
		}
		set->entries[set->count++] = entry;
	}
}

/*
 * When the text does not go on as the pattern does, only the last `*` can still take one byte more:
 * whatever an earlier one could do, the last can do as well. So there is one place to return to,
 * and the time is at most pattern times text.
 */
bool spy_glob(const char *pattern, size_t pattern_len, const char *text)
{
	const char *end = pattern + pattern_len;
	const char *after_star = NULL;
	const char *taken = NULL; /* where the text after what the star took starts */

	while (*text != '\0') {
		if (pattern < end && *pattern == '*') {
			after_star = ++pattern;
			taken = text;
		} else if (pattern < end && (*pattern == '?' || *pattern == *text)) {
			pattern++;
			text++;
		} else if (after_star != NULL) {
			pattern = after_star;
			text = ++taken;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool spy_suppressions_match(const struct spy_suppressions *set, enum spy_rule rule, const char *function,
			    const char *module)
{
	const char *slash;
	const char *base;
	unsigned int i;

	if (function == NULL)
		function = "";
	if (module == NULL)
		module = "";
	slash = strrchr(module, '/');
	base = slash != NULL ? slash + 1 : module;
	for (i = 0; i < set->count; i++) {
		const struct spy_suppression *entry = &set->entries[i];

		if (entry->rule >= 0 && entry->rule != (int)rule)
			continue;
		if (spy_glob(entry->pattern, entry->pattern_len, function) ||
		    spy_glob(entry->pattern, entry->pattern_len, module) ||
		    spy_glob(entry->pattern, entry->pattern_len, base))
			return true;
	}
	return false;
}
