/*
 * A log of any bytes through the model and into everything that `report` writes: what refers to an entry refers
 * to one that is there, no state ends before it begins, and what is said to be JSON is JSON.
 */
#include "fuzz.h"

#include <json-c/json.h>
#include <string.h>

#include "../../tools/read/source.h"
#include "../../tools/report/text.h"
#include "../../tools/report/writer.h"

static struct model *read_model(const char *path)
{
	struct model *model = model_open(&(const struct model_filter){.since_ns = INT64_MIN, .keep_events = true});
	struct source *source = source_open(path);
	struct item item;

	FUZZ_PROMISE(source);
	for (int ended = 0; ended < 2; ended++) {
		while (source_next(source, &item))
			model_add(model, &item);
		source_end(source);
	}
	source_close(source);
	/* Without symbols: a log names files, and here it is anybody's. */
	model_finish(model, NULL);
	return model;
}

static void check_conns(const struct model *model)
{
	for (uint32_t i = 0; i < model->conns_count; i++) {
		const struct model_conn *conn = &model->conns[i];

		FUZZ_PROMISE(conn->process < model->processes_count);
		FUZZ_PROMISE(conn->first_event + conn->event_count <= model->events_count);
		FUZZ_PROMISE(conn->first_span + conn->span_count <= model->spans_count);
		FUZZ_PROMISE(conn->other == MODEL_NONE || model->conns[conn->other].other == i);
		for (uint32_t j = conn->first_span; j < conn->first_span + conn->span_count; j++)
			FUZZ_PROMISE(model->spans[j].conn == i && model->spans[j].from_ns <= model->spans[j].to_ns);
	}
}

static void check_groups(const struct model *model)
{
	uint32_t findings = 0;

	for (uint32_t i = 0; i < model->groups_count; i++) {
		FUZZ_PROMISE(model->groups[i].count > 0 && model->groups[i].process_count > 0);
		FUZZ_PROMISE(i == 0 || model->groups[i].severity <= model->groups[i - 1].severity);
		for (uint32_t j = model->groups[i].first_finding; j != MODEL_NONE;
		     j = model->findings[j].next_of_group) {
			FUZZ_PROMISE(model->findings[j].group == i);
			findings++;
		}
	}
	FUZZ_PROMISE(findings == model->findings_count);
}

static void check_writer(const struct model *model, const struct report_writer *writer)
{
	struct json_tokener *tokener = json_tokener_new();
	json_object *object;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	FUZZ_PROMISE(out && tokener);
	writer->write(model, out);
	fclose(out);
	if (strcmp(writer->name, "sarif") == 0 || strcmp(writer->name, "perfetto") == 0) {
		json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
		object = json_tokener_parse_ex(tokener, text, (int)len);
		FUZZ_PROMISE(object);
		json_object_put(object);
	}
	json_tokener_free(tokener);
	free(text);
}

static void check_text(const struct model *model)
{
	char *text;
	size_t len;
	FILE *stream = open_memstream(&text, &len);

	FUZZ_PROMISE(stream);
	text_report(&(const struct out){.stream = stream}, model, 0, true);
	fclose(stream);
	for (size_t i = 0; i < len; i++)
		FUZZ_PROMISE((unsigned char)text[i] >= ' ' || text[i] == '\n');
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model *model;
	char path[64];

	fuzz_file(data, size, path, sizeof(path));
	model = read_model(path);
	check_conns(model);
	check_groups(model);
	for (const struct report_writer *writer = report_writers; writer->name; writer++)
		check_writer(model, writer);
	check_text(model);
	model_close(model);
	return 0;
}
