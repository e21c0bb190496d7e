/*
 * Items as the text log has them, with colours, and findings with file, line and source.
 */
#ifndef TOOLS_RUN_RENDER_H
#define TOOLS_RUN_RENDER_H

#include <stdint.h>

#include "../cli/out.h"
#include "../read/item.h"
#include "tally.h"

struct symbols;

struct render {
	struct out out;
	struct symbols *symbols; /* NULL: no file and line */
	bool quiet; /* findings and summaries alone */
};

/* One item, whose process is that; ITEM_PROCESS has no line in a text log. */
void render_item(const struct render *render, const struct item *item, const struct tally_process *process);

/*
 * The summary of a process that wrote none; how says how it ended, as in "killed by SIGKILL". In
 * JSON it is a line like the shim's own with "counted_by" and "ended" besides.
 */
void render_counted(const struct render *render, const struct tally_process *process, const char *how);
void render_counted_json(int fd, const struct tally_process *process, const char *how);

/* Pieces that more than one block wants. */
void render_prefix(const struct render *render, int pid);
void render_time(const struct render *render, int64_t ts_ns);
void render_endpoints(const struct render *render, uint64_t id, const char *local, bool accepted, const char *peer);
/* "handle_client+0x88 (server+0x1288)", and " server.c:42" behind it where that is known. */
void render_frame_and_line(const struct render *render, const struct item_frame *frame);
enum out_style render_severity_style(const char *severity);

void render_finding(const struct render *render, const struct item *item);
void render_summary(const struct render *render, const struct item *item, const struct tally_process *process);

#endif
