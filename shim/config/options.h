/*
 * The settings of TCPWAITSPY_OPTIONS ("log=app.%p.json:format=json"), read once at start.
 *
 * Written once by spy_options_parse() before any hook reads them, never after.
 * Pure: no stdio, no malloc, no locale; safe before main() and before libc is fully up.
 */
#ifndef SPY_CONFIG_OPTIONS_H
#define SPY_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../include/tcpwaitspy/rules.h"
#include "../spell/buf.h"

#define SPY_PATH_MAX	     1024
#define SPY_STACK_FRAMES_MAX 64
#define SPY_RECORD_SIZE_MIN  (UINT64_C(256) << 10)
#define SPY_RECORD_SIZE_MAX  (UINT64_C(64) << 30)

enum spy_format { SPY_FORMAT_TEXT, SPY_FORMAT_JSON };
enum spy_calls_mode { SPY_CALLS_ALL, SPY_CALLS_LIFECYCLE, SPY_CALLS_NONE };
enum spy_flush { SPY_FLUSH_LINE, SPY_FLUSH_BUFFER };

struct spy_options {
	char log[SPY_PATH_MAX];
	enum spy_format format;
	enum spy_calls_mode calls;
	enum spy_flush flush;
	char record[SPY_PATH_MAX];
	uint64_t record_size; /* bytes, SPY_RECORD_SIZE_MIN..SPY_RECORD_SIZE_MAX */
	uint64_t close_wait_ns; /* times are at most INT64_MAX, so that adding them to a clock is safe */
	uint64_t fin_wait_ns;
	uint64_t watch_ns; /* 0: no thread */
	unsigned int stack_frames; /* 0..SPY_STACK_FRAMES_MAX */
	char rules[SPY_PATH_MAX]; /* as written; "all" by default */
	char suppressions[SPY_PATH_MAX];
	int exitcode; /* 0..255 */
	bool summary;
	char metrics[SPY_PATH_MAX];
	int dump_signal; /* 0: none; never KILL, STOP or one that reports a fault */
	bool help;
	bool rule_on[SPY_RULE_COUNT]; /* what `rules` came to */
};

/* Every member at its default. */
void spy_options_defaults(struct spy_options *options);

/*
 * Sets options to the defaults and reads text (NULL or "" is none) over them. Each unknown key and
 * each bad value becomes one line in complaints, ended by '\n', that names it and what is valid;
 * that key is at its default then. Of a key given twice the last one counts. A value may hold a ':'
 * where it is written "\:". A line that does not fit into complaints is left out as a whole.
 */
void spy_options_parse(struct spy_options *options, const char *text, struct spy_buf *complaints);

/*
 * The table that help=1 prints: a line for each key with its value now, default and meaning. 3 KB
 * hold it unless paths are long.
 */
void spy_options_help(const struct spy_options *options, struct spy_buf *out);

#endif
