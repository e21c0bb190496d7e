/*
 * Markdown on a terminal; see markdown.h.
 */
#include "markdown.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

struct page_view {
	const struct out *out;
	unsigned int width;
	unsigned int column;
	bool in_code; /* between the backquotes of `code` */
};

static size_t line_len(const char *text)
{
	return strcspn(text, "\n");
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Where a paragraph or an item of a list ends: at an empty line, and where another block begins. */
static bool ends_paragraph(const char *line)
{
	return *line == '\0' || *line == '\n' || *line == '#' || begins(line, "```") || begins(line, "- ") ||
	       *line == '|';
}

/* Characters that a word takes on screen: markup and the continuation bytes of UTF-8 take none. */
static unsigned int shown_width(const char *word, size_t len)
{
	unsigned int width = 0;

	for (size_t i = 0; i < len; i++)
		width += word[i] != '`' && ((unsigned char)word[i] & 0xc0) != 0x80;
	return width;
}

static void put_word(struct page_view *view, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (word[i] != '`') {
			fputc(word[i], view->out->stream);
			continue;
		}
		view->in_code = !view->in_code;
		if (view->in_code)
			out_begin(view->out, OUT_BOLD);
		else
			out_end(view->out, OUT_BOLD);
	}
}

/* A link is its text: the target is the page of another rule, which has the text for its name. */
static char *without_links(const char *text, size_t len)
{
	char *plain = words_room(len + 1);
	char *end = plain;
	const char *stop = text + len;

	while (text < stop) {
		const char *close = *text == '[' ? memchr(text, ']', (size_t)(stop - text)) : NULL;
		const char *target_end = close && close[1] == '(' ? memchr(close, ')', (size_t)(stop - close)) : NULL;

		if (target_end) {
			end = mempcpy(end, text + 1, (size_t)(close - text) - 1);
			text = target_end + 1;
		} else {
			*end++ = *text == '\n' ? ' ' : *text;
			text++;
		}
	}
	*end = '\0';
	return plain;
}

static void show_paragraph(struct page_view *view, const char *text, size_t len, unsigned int indent)
{
	char *plain = without_links(text, len);
	const char *word = plain;

	view->column = 0;
	view->in_code = false;
	while (*(word += strspn(word, " "))) {
		size_t word_len = strcspn(word, " ");
		unsigned int width = shown_width(word, word_len);

		if (view->column && view->column + 1 + width > view->width) {
			fprintf(view->out->stream, "\n%*s", (int)indent, "");
			view->column = indent;
		} else if (view->column) {
			fputc(' ', view->out->stream);
			view->column++;
		}
		put_word(view, word, word_len);
		view->column += width;
		word += word_len;
	}
	if (view->in_code)
		out_end(view->out, OUT_BOLD);
	fputc('\n', view->out->stream);
	free(plain);
}

/* Tabs stop where they would without the indentation. */
static void show_code_line(struct page_view *view, const char *line, size_t len)
{
	unsigned int column = 0;

	fprintf(view->out->stream, len ? "    " : "");
	out_begin(view->out, OUT_NOTE);
	for (size_t i = 0; i < len; i++) {
		do
			fputc(line[i] == '\t' ? ' ' : line[i], view->out->stream);
		while (++column % 8 && line[i] == '\t');
	}
	out_end(view->out, OUT_NOTE);
	fputc('\n', view->out->stream);
}

/* From ``` to ```: as it is, two columns in. Returns what follows. */
static const char *show_code(struct page_view *view, const char *text)
{
	text += line_len(text);
	text += *text == '\n';
	while (*text && !begins(text, "```")) {
		size_t len = line_len(text);

		show_code_line(view, text, len);
		text += len + (text[len] == '\n');
	}
	text += line_len(text);
	return text + (*text == '\n');
}

static const char *show_heading(struct page_view *view, const char *text)
{
	size_t marks = strspn(text, "#");
	size_t len = line_len(text);
	size_t skip = marks + strspn(text + marks, " ");

	if (marks > 1)
		out_print(view->out, OUT_BOLD, "%.*s", (int)(len - skip), text + skip);
	else
		out_print(view->out, OUT_ERROR, "%.*s", (int)(len - skip), text + skip);
	fputc('\n', view->out->stream);
	return text + len + (text[len] == '\n');
}

void markdown_show(const struct out *out, const char *text, unsigned int width)
{
	struct page_view view = {.out = out, .width = width};

	while (*text) {
		if (begins(text, "```")) {
			text = show_code(&view, text);
		} else if (*text == '#') {
			text = show_heading(&view, text);
		} else if (*text == '\n') {
			fputc('\n', out->stream);
			text++;
		} else {
			const char *end = text + line_len(text);

			while (*end && !ends_paragraph(end + 1))
				end += 1 + line_len(end + 1);
			show_paragraph(&view, text, (size_t)(end - text), begins(text, "- ") ? 2 : 0);
			text = end + (*end == '\n');
		}
	}
}
