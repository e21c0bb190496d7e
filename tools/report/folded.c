/*
 * Folded stacks, as flamegraph.pl, inferno and speedscope read them: "root;...;leaf count", a line for
 * each stack on which connections were leaked. The root is the program and then the rule, since one
 * connection can be a leak by two of them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../model/pool.h"
#include "place.h"
#include "writer.h"

/* Rules about connections that nobody closes. */
static const char *const leaks[] = {
	"close-wait-leak",	  "idle-close-wait",   "fin-wait-2-stall",
	"shutdown-without-close", "close-without-fin", "open-at-exit",
};

static bool is_leak(const char *rule)
{
	for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++)
		if (strcmp(rule, leaks[i]) == 0)
			return true;
	return false;
}

/* What separates frames and lines is no part of a name. */
static void put_name(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == ';' ? ':' : (unsigned char)*name < ' ' ? '?' : *name, out);
}

static void put_frame(const struct model *model, FILE *out, uint32_t index)
{
	const struct model_frame *frame = &model->frames[index];
	char text[PLACE_TEXT];

	for (size_t i = frame->name_count; i-- > 1;) {
		fputc(';', out);
		put_name(out, frame->names[i].function ? frame->names[i].function : "?");
	}
	fputc(';', out);
	put_name(out, place_name(model, index, text));
}

/* Stacks that end in the same frame share the count that the summary gives it; the first one has the rest. */
static uint64_t count_of(const struct model *model, const struct model_finding *finding, bool first)
{
	const struct model_tally *tally = &model->tallies[finding->tally];

	if (tally->count <= tally->lines)
		return 1;
	return tally->count / tally->lines + (first ? tally->count % tally->lines : 0);
}

static void put_stack(const struct model *model, FILE *out, const struct model_finding *finding)
{
	const struct model_stack *stack =
		finding->stacks[finding->place] == MODEL_NONE ? NULL : &model->stacks[finding->stacks[finding->place]];

	put_name(out, place_program(model, &model->processes[finding->process]));
	fputs(";[", out);
	put_name(out, model_text(model, model->groups[finding->group].rule));
	fputc(']', out);
	for (size_t i = stack ? stack->count : 0; i-- > 0;)
		put_frame(model, out, stack->frames[i]);
}

void folded_write(const struct model *model, FILE *out)
{
	bool *told = pool_zeros((model->tallies_count + 1) * sizeof(*told));
	struct pool lines = {0};
	uint64_t *counts = pool_zeros(sizeof(*counts));

	for (uint32_t i = 0; i < model->findings_count; i++) {
		const struct model_finding *finding = &model->findings[i];
		uint32_t before = lines.count;
		char *text = NULL;
		size_t len = 0;
		uint32_t line;
		FILE *room;

		if (!is_leak(model_text(model, model->groups[finding->group].rule)))
			continue;
		room = open_memstream(&text, &len);
		if (!room)
			break;
		put_stack(model, room, finding);
		fclose(room);
		line = pool_put(&lines, text, len);
		free(text);
		if (line == before) {
			counts = pool_grow(counts, line, sizeof(*counts));
			counts[line] = 0;
		}
		counts[line] += count_of(model, finding, !told[finding->tally]);
		told[finding->tally] = true;
	}
	for (uint32_t i = 0; i < lines.count; i++)
		fprintf(out, "%s %" PRIu64 "\n", (const char *)lines.keys[i].bytes, counts[i]);
	pool_close(&lines);
	free(counts);
	free(told);
}
