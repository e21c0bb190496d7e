/*
 * Names of frames, rules and stories, as reports write them.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

const struct spy_rule_info *model_rule(const struct model *model, model_text_id rule)
{
	const char *name = model_text(model, rule);

	for (unsigned int i = 0; name && i < SPY_RULE_COUNT; i++)
		if (strcmp(spy_rules[i].name, name) == 0)
			return &spy_rules[i];
	return NULL;
}

const char *model_severity_name(enum spy_severity severity)
{
	static const char *const names[] = {[SPY_NOTE] = "note", [SPY_WARNING] = "warning", [SPY_ERROR] = "error"};

	return names[severity];
}

const char *model_story_title(enum spy_story story)
{
	static const char *const titles[SPY_STORY_COUNT] = {
		[SPY_STORY_CREATED] = "created at",
		[SPY_STORY_EOF] = "end of file read at",
		[SPY_STORY_CLOSED] = "closed at",
		[SPY_STORY_HERE] = "used at",
	};

	return titles[story];
}

const char *model_basename(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

struct model_spot model_spot(const struct model *model, uint32_t index)
{
	const struct model_frame *frame = index == MODEL_NONE ? NULL : &model->frames[index];
	struct model_spot spot = {0};

	if (!frame)
		return spot;
	spot.function = model_text(model, frame->function);
	if (!frame->name_count)
		return spot;
	if (frame->names[0].function)
		spot.function = frame->names[0].function;
	spot.file = frame->names[0].file;
	spot.line = frame->names[0].line;
	spot.column = frame->names[0].column;
	return spot;
}

char *model_spot_text(const struct model *model, uint32_t index, char text[MODEL_SPOT_TEXT])
{
	const struct model_frame *frame = index == MODEL_NONE ? NULL : &model->frames[index];
	struct model_spot spot = model_spot(model, index);
	const char *module = frame ? model_basename(model_text(model, frame->module)) : NULL;

	if (!frame)
		snprintf(text, MODEL_SPOT_TEXT, "an unknown place");
	else if (spot.file && spot.line)
		snprintf(text, MODEL_SPOT_TEXT, "%s (%s:%d)", spot.function ? spot.function : "?",
			 model_basename(spot.file), spot.line);
	else if (spot.function)
		snprintf(text, MODEL_SPOT_TEXT, "%s+0x%llx (%s+0x%llx)", spot.function,
			 (unsigned long long)frame->function_offset, module ? module : "?",
			 (unsigned long long)frame->offset);
	else
		snprintf(text, MODEL_SPOT_TEXT, "%s+0x%llx", module ? module : "", (unsigned long long)frame->offset);
	return text;
}
