/*
 * Findings, and the summaries that count them: a process prints a finding once at each place and tells at
 * its end how often there was one.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* More than any process counts; damaged logs may claim it, and sums shall not overflow. */
#define COUNT_MAX (UINT64_C(1) << 40)

enum spy_severity model_severity(const char *name)
{
	if (name && strcmp(name, "error") == 0)
		return SPY_ERROR;
	return name && strcmp(name, "warning") == 0 ? SPY_WARNING : SPY_NOTE;
}

static bool is_asked_for(const struct model *model, const char *rule, enum spy_severity severity)
{
	const struct model_filter *filter = &model->inside->filter;

	return severity >= filter->severity && (!filter->rule || strcmp(filter->rule, rule) == 0);
}

uint32_t model_put_stack(struct model *model, const struct item_stack *stack)
{
	uint32_t frames[256];
	uint32_t count = 0;
	uint32_t index;

	for (size_t i = 0; i < stack->count && count < sizeof(frames) / sizeof(frames[0]); i++) {
		uint32_t frame = model_put_frame(model, &stack->frames[i]);

		if (frame != MODEL_NONE)
			frames[count++] = frame;
	}
	if (!count)
		return MODEL_NONE;
	index = pool_put(&model->inside->stacks, frames, count * sizeof(*frames));
	if (index == model->stacks_count)
		*MODEL_PUSH(model, stacks) = (struct model_stack){
			.frames = model->inside->stacks.keys[index].bytes,
			.count = count,
		};
	return index;
}

static uint32_t tally_of(struct model *model, uint32_t process, const char *rule, enum spy_severity severity,
			 uint32_t frame, int64_t ts_ns)
{
	const uint32_t key[4] = {process, model_put_text(model, rule), (uint32_t)severity, frame};
	uint32_t index = pool_put(&model->inside->tallies, key, sizeof(key));

	if (index == model->tallies_count)
		*MODEL_PUSH(model, tallies) = (struct model_tally){
			.process = process,
			.group = MODEL_NONE,
			.rule = key[1],
			.severity = severity,
			.frame = frame,
			.first_ns = ts_ns,
			.last_ns = ts_ns,
		};
	return index;
}

static void put_evidence(struct model *model, const struct item_pairs *pairs, struct model_finding *finding)
{
	finding->first_evidence = model->evidence_count;
	for (size_t i = 0; i < pairs->count; i++) {
		struct model_pair pair = {
			.name = model_put_text(model, pairs->pairs[i].name),
			.value = model_put_text(model, pairs->pairs[i].value),
			.is_text = pairs->pairs[i].is_text,
		};

		*MODEL_PUSH(model, evidence) = pair;
	}
	finding->evidence_count = model->evidence_count - finding->first_evidence;
}

/* At the end of the connection's list. */
static void hang_on(struct model *model, uint32_t conn, uint32_t index)
{
	uint32_t *link = &model->conns[conn].first_finding;

	while (*link != MODEL_NONE)
		link = &model->findings[*link].next_of_conn;
	*link = index;
}

void model_add_finding(struct model *model, uint32_t process, uint32_t conn, const struct item *item)
{
	const struct item_finding *from = &item->finding;
	enum spy_severity severity = model_severity(from->severity);
	struct model_finding finding = {
		.process = process,
		.conn = conn,
		.group = MODEL_NONE,
		.next_of_conn = MODEL_NONE,
		.next_of_group = MODEL_NONE,
		.ts_ns = item->ts_ns,
		.tid = (uint32_t)item->tid,
		.fd = from->fd,
		.state = item->state,
		.place = from->place,
	};
	struct model_tally *tally;
	uint32_t stack, index;

	if (!is_asked_for(model, from->rule, severity))
		return;
	finding.cause = model_put_text(model, from->cause);
	finding.cause_text = model_put_text(model, from->cause_text);
	finding.message = model_put_text(model, from->message);
	finding.remedy = model_put_text(model, from->remedy);
	for (int story = 0; story < SPY_STORY_COUNT; story++)
		finding.stacks[story] = model_put_stack(model, &from->stacks[story]);
	put_evidence(model, &from->evidence, &finding);
	stack = finding.stacks[finding.place];
	index = tally_of(model, process, from->rule, severity,
			 stack == MODEL_NONE ? MODEL_NONE : model->stacks[stack].frames[0], item->ts_ns);
	tally = &model->tallies[index];
	tally->lines += from->count < COUNT_MAX ? from->count : COUNT_MAX;
	if (item->ts_ns > tally->last_ns)
		tally->last_ns = item->ts_ns;
	finding.tally = index;
	*MODEL_PUSH(model, findings) = finding;
	if (conn != MODEL_NONE)
		hang_on(model, conn, model->findings_count - 1);
}

/* What the summary counts at one place. Of what came before `since`, only the last time may be known. */
static void add_place(struct model *model, uint32_t process, const struct item_place *place, int64_t summary_ns)
{
	enum spy_severity severity = model_severity(place->severity);
	int64_t since_ns = model->inside->filter.since_ns;
	int64_t last_ns = place->last_ns ? place->last_ns : summary_ns;
	int64_t first_ns = place->first_ns ? place->first_ns : last_ns;
	struct model_tally *tally;
	uint32_t index;

	if (!place->count || !is_asked_for(model, place->rule, severity) || last_ns < since_ns)
		return;
	index = tally_of(model, process, place->rule, severity, model_put_frame(model, &place->frame),
			 first_ns < since_ns ? last_ns : first_ns);
	tally = &model->tallies[index];
	/* Stacks that end in the same frame are rows of their own in a summary. */
	if (tally->summary != model->inside->summaries)
		tally->count = 0;
	tally->summary = model->inside->summaries;
	tally->count += first_ns < since_ns ? 1 : place->count < COUNT_MAX ? place->count : COUNT_MAX;
	if (last_ns > tally->last_ns)
		tally->last_ns = last_ns;
}

/* A process may give several; they count from its beginning, so that the last one has it all. */
static void keep_waits(struct model *model, struct process_inside *process, const struct item_summary *summary)
{
	uint32_t count = 0;

	free(process->waits);
	process->waits = NULL;
	for (size_t pass = 0; pass < 2; pass++) {
		const struct item_wait *list = pass ? summary->wait_places : summary->waits;
		size_t len = pass ? summary->wait_place_count : summary->wait_count;

		for (size_t i = 0; i < len; i++) {
			process->waits = pool_grow(process->waits, count, sizeof(*process->waits));
			process->waits[count++] = (struct model_wait){
				.state = list[i].state,
				.frame = pass ? model_put_frame(model, &list[i].frame) : MODEL_NONE,
				.connections = list[i].connections,
				.total_ns = list[i].total_ns,
				.max_ns = list[i].max_ns,
			};
		}
	}
	process->wait_count = count;
	process->total_count = (uint32_t)summary->wait_count;
}

void model_add_summary(struct model *model, uint32_t index, const struct item *item)
{
	const struct item_summary *summary = &item->summary;
	struct model_process *process = &model->processes[index];

	model->inside->summaries++;
	for (size_t i = 0; i < summary->place_count; i++)
		add_place(model, index, &summary->places[i], item->ts_ns);
	/* Where the process was killed after it, its record tells the states to the last moment. */
	if (summary->interim)
		return;
	process->summarized = true;
	process->summary_errors = summary->errors;
	process->summary_warnings = summary->warnings;
	process->summary_notes = summary->notes;
	process->connections = summary->connections;
	process->open_at_exit = summary->open_at_exit;
	process->unseen = summary->unseen;
	process->lost_lines = summary->lost_lines;
	process->ended = model_put_text(model, summary->ended);
	keep_waits(model, &model->inside->processes[index], summary);
}
