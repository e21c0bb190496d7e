/*
 * The log of a run: where the shim writes it, where it is shown, and the summaries that are missing
 * at the end.
 */
#ifndef TOOLS_RUN_LOG_H
#define TOOLS_RUN_LOG_H

#include "child.h"
#include "follow.h"
#include "options.h"
#include "render.h"
#include "tally.h"

struct run_log {
	struct follow *follow;
	struct tally tally;
	struct render render;
	bool is_private;
	bool as_json; /* its lines are shown as they are */
	bool summaries;
	int program_pid;
	int raw_fd;
	FILE *stream;
};

/*
 * Prepares the log, and completes the settings so that the shim writes where it is followed.
 * STATUS_GOOD, or STATUS_CANNOT after a line on stderr.
 */
int run_log_begin(struct run_log *log, struct run_options *options);

/* Shows what has come. */
void run_log_read(struct run_log *log);

/* Shows the rest, and counts for those that wrote no summary. Says where the log of those goes on that live. */
void run_log_end(struct run_log *log, const struct child *child);

/* Nothing was run. */
void run_log_drop(struct run_log *log);

#endif
