/*
 * The files that `tcpwaitspy report` can write: a row in writers.c's table each, whose name is the option.
 */
#ifndef TOOLS_REPORT_WRITER_H
#define TOOLS_REPORT_WRITER_H

#include <stddef.h>
#include <stdio.h>

#include "../model/model.h"

struct report_writer {
	const char *name; /* of the option, as in --perfetto=OUT */
	void (*write)(const struct model *model, FILE *out); /* whether it could be written, out knows */
	bool events; /* it needs model->events and spans */
	const char *meaning; /* for --help */
};

/* Ends with a row without a name. */
extern const struct report_writer report_writers[];

void perfetto_write(const struct model *model, FILE *out);
void folded_write(const struct model *model, FILE *out);
void sarif_write(const struct model *model, FILE *out);
void csv_write(const struct model *model, FILE *out);
void csv_events_write(const struct model *model, FILE *out);

#endif
