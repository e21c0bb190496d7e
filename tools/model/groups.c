/*
 * Findings of all processes by rule and place; what "the same place" is stands in model.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A place as a text: equal where it is the same. */
static void place_key(const struct model *model, uint32_t index, char *text, size_t size)
{
	const struct model_frame *frame = index == MODEL_NONE ? NULL : &model->frames[index];
	const char *module = frame ? model_basename(model_text(model, frame->module)) : NULL;
	struct model_spot spot = model_spot(model, index);

	if (!frame)
		snprintf(text, size, "none");
	else if (spot.file && spot.line)
		snprintf(text, size, "line %s:%d %s", spot.file, spot.line, spot.function ? spot.function : "");
	else if (frame->build_id)
		snprintf(text, size, "build %s %llx", model_text(model, frame->build_id),
			 (unsigned long long)frame->offset);
	else if (frame->function)
		snprintf(text, size, "function %s %s %llx", module ? module : "", model_text(model, frame->function),
			 (unsigned long long)frame->function_offset);
	else
		snprintf(text, size, "module %s %llx", module ? module : "", (unsigned long long)frame->offset);
}

static uint64_t count_of(const struct model_tally *tally)
{
	return tally->count > tally->lines ? tally->count : tally->lines;
}

static void put_into_groups(struct model *model)
{
	struct pool keys = {0};
	char place[8192];
	char key[8300];

	for (uint32_t i = 0; i < model->tallies_count; i++) {
		struct model_tally *tally = &model->tallies[i];
		struct model_group *group;

		place_key(model, tally->frame, place, sizeof(place));
		snprintf(key, sizeof(key), "%u %d %s", tally->rule, (int)tally->severity, place);
		tally->group = pool_put(&keys, key, strlen(key));
		if (tally->group == model->groups_count)
			*MODEL_PUSH(model, groups) = (struct model_group){
				.rule = tally->rule,
				.severity = tally->severity,
				.frame = tally->frame,
				.first_ns = tally->first_ns,
				.last_ns = tally->last_ns,
				.first_finding = MODEL_NONE,
			};
		group = &model->groups[tally->group];
		group->count += count_of(tally);
		group->at_least |= tally->count == 0;
		if (tally->first_ns < group->first_ns)
			group->first_ns = tally->first_ns;
		if (tally->last_ns > group->last_ns)
			group->last_ns = tally->last_ns;
	}
	pool_close(&keys);
}

/* Each process, and each host, once for each group. */
static void count_who(struct model *model)
{
	struct pool seen = {0};

	for (uint32_t i = 0; i < model->tallies_count; i++) {
		const struct model_tally *tally = &model->tallies[i];
		const uint32_t process[3] = {0, tally->group, tally->process};
		const uint32_t host[3] = {1, tally->group, model->processes[tally->process].host};
		uint32_t before = seen.count;

		model->groups[tally->group].process_count += pool_put(&seen, process, sizeof(process)) == before;
		before = seen.count;
		model->groups[tally->group].host_count += pool_put(&seen, host, sizeof(host)) == before;
	}
	pool_close(&seen);
}

/* first_finding holds the group's old number while they are sorted. */
static int worse_first(const void *left, const void *right)
{
	const struct model_group *a = left, *b = right;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns ? -1 : 1;
	return a->first_finding < b->first_finding ? -1 : 1;
}

static void sort_groups(struct model *model)
{
	uint32_t *numbers = pool_zeros((model->groups_count + 1) * sizeof(*numbers));

	for (uint32_t i = 0; i < model->groups_count; i++)
		model->groups[i].first_finding = i;
	if (model->groups_count)
		qsort(model->groups, model->groups_count, sizeof(*model->groups), worse_first);
	for (uint32_t i = 0; i < model->groups_count; i++) {
		numbers[model->groups[i].first_finding] = i;
		model->groups[i].first_finding = MODEL_NONE;
	}
	for (uint32_t i = 0; i < model->tallies_count; i++)
		model->tallies[i].group = numbers[model->tallies[i].group];
	free(numbers);
}

/* Backwards, so that each list is in the order of the findings. */
static void hang_findings(struct model *model)
{
	for (uint32_t i = model->findings_count; i-- > 0;) {
		struct model_finding *finding = &model->findings[i];
		struct model_group *group;

		finding->group = model->tallies[finding->tally].group;
		group = &model->groups[finding->group];
		finding->next_of_group = group->first_finding;
		group->first_finding = i;
		group->finding_count++;
	}
}

void model_make_groups(struct model *model)
{
	put_into_groups(model);
	count_who(model);
	sort_groups(model);
	hang_findings(model);
}
