/*
 * Styles as SGR sequences (ECMA-48, 8.3.117), and texts made harmless; see out.h.
 */
#include "out.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../include/tcpwaitspy/version.h"
#include "../../shim/spell/buf.h"
#include "command.h"

/* The eight basic colours only: they are the user's own choice on every terminal. */
static const char *const sequences[] = {
	[OUT_NORMAL] = "",	    [OUT_DIM] = "\033[2m",   [OUT_BOLD] = "\033[1m",  [OUT_ERROR] = "\033[1;31m",
	[OUT_WARNING] = "\033[33m", [OUT_NOTE] = "\033[36m", [OUT_GOOD] = "\033[32m",
};

bool out_read_colors(const char *text, enum out_colors *colors)
{
	static const char *const names[] = {"auto", "always", "never"};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], text) == 0) {
			*colors = (enum out_colors)i;
			return true;
		}
	}
	return false;
}

static bool terminal_shows_colors(FILE *stream)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color && *no_color)
		return false;
	return isatty(fileno(stream)) && term && *term && strcmp(term, "dumb") != 0;
}

struct out out_make(FILE *stream, enum out_colors colors)
{
	return (struct out){
		.stream = stream,
		.colors = colors == OUT_COLORS_ALWAYS || (colors == OUT_COLORS_AUTO && terminal_shows_colors(stream)),
	};
}

void out_begin(const struct out *out, enum out_style style)
{
	if (out->colors)
		fputs(sequences[style], out->stream);
}

void out_end(const struct out *out, enum out_style style)
{
	if (out->colors && style != OUT_NORMAL)
		fputs("\033[0m", out->stream);
}

void out_print(const struct out *out, enum out_style style, const char *format, ...)
{
	va_list args;

	out_begin(out, style);
	va_start(args, format);
	vfprintf(out->stream, format, args);
	va_end(args);
	out_end(out, style);
}

int out_version(void)
{
	printf("tcpwaitspy %s\n", SPY_VERSION);
	return STATUS_GOOD;
}

void out_plain(const struct out *out, enum out_style style, const char *text)
{
	size_t len = strlen(text);
	struct spy_buf buf = {.data = malloc(4 * len + 1), .size = 4 * len + 1};

	if (!buf.data)
		return;
	spy_buf_plain(&buf, text, len);
	out_begin(out, style);
	fwrite(buf.data, 1, buf.len, out->stream);
	out_end(out, style);
	free(buf.data);
}

size_t out_columns(const struct out *out)
{
	const char *text = getenv("COLUMNS");
	unsigned long columns = text ? strtoul(text, NULL, 10) : 0;
	struct winsize size;

	if (columns)
		return columns;
	return isatty(fileno(out->stream)) && ioctl(fileno(out->stream), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
