/*
 * Where the command writes for people, with colours where a terminal will show them.
 *
 * Texts that come from logs and programs go through out_plain(), so that no byte of them can steer
 * the terminal or forge a line. One thread. A failed write is nothing that the command could tell
 * anybody: it goes on, because the program that it watches does.
 */
#ifndef TOOLS_CLI_OUT_H
#define TOOLS_CLI_OUT_H

#include <stdbool.h>
#include <stdio.h>

enum out_style {
	OUT_NORMAL,
	OUT_DIM,
	OUT_BOLD,
	OUT_ERROR,
	OUT_WARNING,
	OUT_NOTE,
	OUT_GOOD,
};

enum out_colors { OUT_COLORS_AUTO, OUT_COLORS_ALWAYS, OUT_COLORS_NEVER };

struct out {
	FILE *stream;
	bool colors;
};

/* "auto", "always" or "never"; false: none of them. */
bool out_read_colors(const char *text, enum out_colors *colors);

/*
 * Colours as asked for; `auto` has them on a terminal unless NO_COLOR is set and not empty
 * (no-color.org) or TERM is "dumb".
 */
struct out out_make(FILE *stream, enum out_colors colors);

/* From here on in this style, until out_end(). */
void out_begin(const struct out *out, enum out_style style);
void out_end(const struct out *out, enum out_style style);

void out_print(const struct out *out, enum out_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How many columns there are to write in: COLUMNS, else the terminal's; 0: as many as are wanted. */
size_t out_columns(const struct out *out);

/* What every command prints for --version; returns its exit status. */
int out_version(void);

/* text with controls, and what is no valid UTF-8, as \xHH. */
void out_plain(const struct out *out, enum out_style style, const char *text);

#endif
