/*
 * Names for addresses in files: function, source file and line, with what was inlined there, from
 * DWARF through elfutils. Separate debug files are found by build id and by .gnu_debuglink.
 *
 * A file whose build id is not the log's is another build: it is not used, and that is said. A file
 * without debug information gives functions from its symbol table; without one, nothing.
 * One thread. Nothing is read from the network unless DEBUGINFOD_URLS is set (network.h says how).
 */
#ifndef TOOLS_SYMBOLS_SYMBOLS_H
#define TOOLS_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbols;

struct symbols_frame {
	const char *function; /* as in the source, without arguments; NULL: unknown */
	const char *file; /* as the compiler had it, absolute where it told; NULL: unknown */
	int line; /* 0: unknown */
	int column; /* 0: unknown */
	bool inlined; /* into the frame behind it */
};

struct symbols *symbols_open(void);
/* To be called before names are asked for: whatever DEBUGINFOD_URLS says. */
void symbols_stay_offline(struct symbols *symbols);
void symbols_close(struct symbols *symbols);

/*
 * One more directory for separate debug files, before /usr/lib/debug and in the same shapes: .build-id/12/34....debug
 * in it, or a file of the name that .gnu_debuglink has. To be called before names are asked for.
 */
void symbols_look_in(struct symbols *symbols, const char *directory);

/*
 * The frames at an offset of a module (a path), innermost first: those inlined there, and the function
 * itself last. build_id is hexadecimal; NULL: not known, and any file at the path is taken. The
 * offset is a return address as stacks have it: what is looked up is the call before it.
 *
 * Returns their number, 0 where nothing is known. They live until symbols_close().
 */
size_t symbols_find(struct symbols *symbols, const char *module, const char *build_id, uint64_t offset,
		    const struct symbols_frame **frames);

/*
 * A line of a source file without its newline and leading blanks; NULL: there is no such file or line.
 * Lives until symbols_close().
 */
const char *symbols_source_line(struct symbols *symbols, const char *file, int line);
/* The same with its leading blanks, for several lines under each other. */
const char *symbols_source_row(struct symbols *symbols, const char *file, int line);

/* What modules could not be used, and why: one line each, "" never. The symbols'. */
size_t symbols_troubles(const struct symbols *symbols, const char *const **lines);

#endif
