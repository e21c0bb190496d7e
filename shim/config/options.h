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

/* What a member of each kind is (the legend of options.def); shim/config/kinds.c reads and writes them. */
typedef char spy_option_TEXT_t[SPY_PATH_MAX];
typedef char spy_option_RULES_t[SPY_PATH_MAX]; /* as written; rule_on has what it comes to */
typedef uint64_t spy_option_TIME_t; /* nanoseconds, at most INT64_MAX, so that adding them to a clock is safe */
typedef uint64_t spy_option_TIME_OR_0_t;
typedef uint64_t spy_option_SIZE_t; /* bytes, SPY_RECORD_SIZE_MIN..SPY_RECORD_SIZE_MAX */
typedef unsigned int spy_option_COUNT_t; /* 0..SPY_STACK_FRAMES_MAX */
typedef int spy_option_EXIT_t; /* 0..255 */
typedef bool spy_option_SWITCH_t;
typedef int spy_option_SIGNAL_t; /* 0: none; never KILL, STOP or one that reports a fault */
typedef enum spy_format spy_option_CHOICE_FORMAT_t;
typedef enum spy_calls_mode spy_option_CHOICE_CALLS_t;
typedef enum spy_flush spy_option_CHOICE_FLUSH_t;

struct spy_options {
#define OPTION(key, kind, field, value, meaning) spy_option_##kind##_t field;
#include "../../include/tcpwaitspy/options.def"
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
