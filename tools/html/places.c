/*
 * Places in code. The lines around a place are taken from the source file as it is now on this machine; a
 * place that several frames share has them once.
 */
#include "places.h"

#include <stdlib.h>
#include <string.h>

#include "../model/pool.h"

#define LINES_BEFORE 6
#define LINES_AFTER  5
/* Places whose source code is told; the ones behind have file and line. */
#define TEXTS_MAX 1000

struct text {
	const char *file;
	int line;
};

struct texts {
	struct text list[TEXTS_MAX];
	int count;
};

/* The number of the text around a line; -1: there is none. */
static int find_text(struct texts *texts, struct symbols *symbols, const char *file, int line)
{
	for (int i = 0; i < texts->count; i++)
		if (texts->list[i].line == line && strcmp(texts->list[i].file, file) == 0)
			return i;
	if (texts->count == TEXTS_MAX || !symbols_source_row(symbols, file, line))
		return -1;
	texts->list[texts->count] = (struct text){file, line};
	return texts->count++;
}

static void write_name(struct page_json *out, const struct model *model, const struct model_frame *frame,
		       const struct symbols_frame *name, int text)
{
	page_json_open(out, NULL, '[');
	page_json_text(out, NULL, name && name->function ? name->function : model_text(model, frame->function));
	page_json_number(out, NULL, (int64_t)frame->function_offset);
	page_json_text(out, NULL, model_text(model, frame->module));
	page_json_number(out, NULL, (int64_t)frame->offset);
	page_json_text(out, NULL, name ? name->file : NULL);
	page_json_number(out, NULL, name ? name->line : 0);
	page_json_number(out, NULL, text);
	page_json_close(out, ']');
}

static void write_frame(struct page_json *out, const struct model *model, const struct model_frame *frame,
			struct texts *texts, struct symbols *symbols)
{
	page_json_open(out, NULL, '[');
	for (size_t i = 0; i < frame->name_count; i++) {
		const struct symbols_frame *name = &frame->names[i];
		int text =
			texts && name->file && name->line > 0 ? find_text(texts, symbols, name->file, name->line) : -1;

		write_name(out, model, frame, name, text);
	}
	if (!frame->name_count)
		write_name(out, model, frame, NULL, -1);
	page_json_close(out, ']');
}

static void write_text(struct page_json *out, const struct text *text, struct symbols *symbols)
{
	int first = text->line > LINES_BEFORE ? text->line - LINES_BEFORE : 1;
	const char *row;

	page_json_open(out, NULL, '[');
	page_json_number(out, NULL, first);
	page_json_open(out, NULL, '[');
	for (int line = first;
	     line <= text->line + LINES_AFTER && (row = symbols_source_row(symbols, text->file, line)); line++)
		page_json_text(out, NULL, row);
	page_json_close(out, ']');
	page_json_close(out, ']');
}

void places_write(struct page_json *out, const struct model *model)
{
	struct symbols *symbols = model->symbols;
	struct texts *texts = symbols ? pool_zeros(sizeof(*texts)) : NULL;

	page_json_open(out, "frames", '[');
	for (uint32_t i = 0; i < model->frames_count; i++)
		write_frame(out, model, &model->frames[i], texts, symbols);
	page_json_close(out, ']');
	page_json_open(out, "texts", '[');
	for (int i = 0; texts && i < texts->count; i++)
		write_text(out, &texts->list[i], symbols);
	page_json_close(out, ']');
	free(texts);
}
