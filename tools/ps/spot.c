/*
 * Places in the code; see spot.h.
 */
#include "spot.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli/words.h"

void ps_spot_free(struct ps_spot *spot)
{
	free(spot->module);
	free(spot->build_id);
	free(spot->function);
	free(spot->text);
}

static char *copy_or_none(const char *text)
{
	return text ? words_copy(text) : NULL;
}

struct ps_spot ps_spot_of(const struct item_stack *stack)
{
	if (!stack->count)
		return (struct ps_spot){.module = NULL};
	return (struct ps_spot){
		.module = copy_or_none(stack->frames[0].module),
		.build_id = copy_or_none(stack->frames[0].build_id),
		.function = copy_or_none(stack->frames[0].function),
		.offset = stack->frames[0].offset,
	};
}

bool ps_spot_is(const struct ps_spot *a, const struct ps_spot *b)
{
	return a->module && b->module && a->offset == b->offset && strcmp(a->module, b->module) == 0 &&
	       !a->build_id == !b->build_id && (!a->build_id || strcmp(a->build_id, b->build_id) == 0);
}

const char *ps_spot_text(struct symbols *symbols, struct ps_spot *spot)
{
	const struct symbols_frame *names = NULL;
	size_t count = symbols && spot->module && !spot->text
			       ? symbols_find(symbols, spot->module, spot->build_id, spot->offset, &names)
			       : 0;
	const char *function = count && names[0].function ? names[0].function : spot->function;
	char text[PATH_MAX + 256];

	if (spot->text || !spot->module)
		return spot->text;
	if (count && names[0].file && names[0].line)
		snprintf(text, sizeof(text), "%s %s:%d", function ? function : "??",
			 strrchr(names[0].file, '/') ? strrchr(names[0].file, '/') + 1 : names[0].file, names[0].line);
	else
		snprintf(text, sizeof(text), "%s (%s+0x%" PRIx64 ")", function ? function : "??",
			 strrchr(spot->module, '/') ? strrchr(spot->module, '/') + 1 : spot->module, spot->offset);
	spot->text = words_copy(text);
	return spot->text;
}
