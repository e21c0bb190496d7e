/*
 * What `tcpwaitspy report` was asked for.
 */
#ifndef TOOLS_REPORT_OPTIONS_H
#define TOOLS_REPORT_OPTIONS_H

#include <stdbool.h>

#include "../cli/out.h"
#include "../model/model.h"

#define REPORT_OUTPUTS 16 /* writers, at most */

struct report_options {
	struct model_filter filter;
	const char *outputs[REPORT_OUTPUTS]; /* by writer: a path, "-" for stdout, or NULL */
	bool to_stdout; /* one of them is "-": the text report would be in its way */
	unsigned long top; /* places shown; 0: all */
	bool verbose;
	bool offline;
	const char *debug_directory; /* NULL: none */
	bool fails; /* --fail-on was given, and this is the severity */
	enum spy_severity fail_on;
	enum out_colors colors;
	int input_count;
	char **inputs;
};

#define REPORT_OPTIONS_GO (-1)

/* REPORT_OPTIONS_GO, or the exit status of the command: all has been said. */
int report_options_read(struct report_options *options, int argc, char **argv);

/* "10m", "2h", "1d", "30s" before now_ns, or a moment or a date as RFC 3339 has them; UTC where it has no zone. */
bool report_read_since(const char *text, int64_t now_ns, int64_t *since_ns);

#endif
