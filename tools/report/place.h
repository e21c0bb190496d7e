/*
 * Places in the code, as more than one output writes them.
 */
#ifndef TOOLS_REPORT_PLACE_H
#define TOOLS_REPORT_PLACE_H

#include "../model/model.h"

/* A file below the working directory without that, as an editor takes it from here. */
const char *place_short_path(const char *file);

/* The name of a frame: its innermost function, else "module+0xoffset". Into text; returns text. */
#define PLACE_TEXT 512
char *place_name(const struct model *model, uint32_t frame, char text[PLACE_TEXT]);

/* The program of a process without its directory, or "?". */
const char *place_program(const struct model *model, const struct model_process *process);

#endif
