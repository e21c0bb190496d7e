/*
 * Reads the files that a report is about into a model, and tells a terminal how far it is.
 */
#ifndef TOOLS_REPORT_INPUT_H
#define TOOLS_REPORT_INPUT_H

#include "../model/model.h"

struct input_result {
	unsigned int read; /* files */
	unsigned int failed; /* that could not be opened; each was named on stderr */
	bool interrupted; /* by SIGINT: what follows was not read */
};

/* Paths of files, of directories whose files are read, or "-". */
struct input_result input_read(struct model *model, char *const *paths, int count);

#endif
