/*
 * See place.h.
 */
#include "place.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *place_short_path(const char *file)
{
	static char here[PATH_MAX];
	static size_t len;

	if (!len && !getcwd(here, sizeof(here)))
		*here = '\0';
	len = strlen(here);
	if (len > 1 && strncmp(file, here, len) == 0 && file[len] == '/')
		return file + len + 1;
	return file;
}

char *place_name(const struct model *model, uint32_t index, char text[PLACE_TEXT])
{
	const struct model_frame *frame = index == MODEL_NONE ? NULL : &model->frames[index];
	struct model_spot spot = model_spot(model, index);
	const char *module = frame ? model_basename(model_text(model, frame->module)) : NULL;

	if (spot.function)
		snprintf(text, PLACE_TEXT, "%s", spot.function);
	else if (frame)
		snprintf(text, PLACE_TEXT, "%s+0x%llx", module ? module : "", (unsigned long long)frame->offset);
	else
		snprintf(text, PLACE_TEXT, "unknown");
	return text;
}

const char *place_program(const struct model *model, const struct model_process *process)
{
	const char *exe = model_text(model, process->exe);

	return exe ? model_basename(exe) : "?";
}
