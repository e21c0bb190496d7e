/*
 * Time in WAIT states over all processes: their summaries' where they have one, and else what was seen
 * of their connections.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void sum_up(struct model_wait *sum, const struct model_wait *wait)
{
	sum->connections += wait->connections;
	sum->total_ns += wait->total_ns;
	if (wait->max_ns > sum->max_ns)
		sum->max_ns = wait->max_ns;
}

static int longer_first(const void *left, const void *right)
{
	const struct model_wait *a = left, *b = right;

	if (a->total_ns != b->total_ns)
		return a->total_ns > b->total_ns ? -1 : 1;
	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	return a->frame < b->frame ? -1 : a->frame > b->frame;
}

static void add_place(struct model *model, struct pool *keys, const struct model_wait *wait)
{
	char spot[MODEL_SPOT_TEXT];
	char key[MODEL_SPOT_TEXT + 16];
	uint32_t index;

	snprintf(key, sizeof(key), "%d %s", wait->state, model_spot_text(model, wait->frame, spot));
	index = pool_put(keys, key, strlen(key));
	if (index == model->wait_places_count)
		*MODEL_PUSH(model, wait_places) = (struct model_wait){.state = wait->state, .frame = wait->frame};
	sum_up(&model->wait_places[index], wait);
}

void model_make_waits(struct model *model)
{
	struct model_wait totals[SPY_STATE_COUNT] = {{0}};
	struct pool keys = {0};

	for (uint32_t i = 0; i < model->processes_count; i++) {
		const struct process_inside *process = &model->inside->processes[i];

		for (unsigned int state = 0; state < SPY_STATE_COUNT && !model->processes[i].summarized; state++)
			sum_up(&totals[state], &process->seen[state]);
		for (uint32_t j = 0; j < process->wait_count; j++) {
			if (j < process->total_count)
				sum_up(&totals[process->waits[j].state], &process->waits[j]);
			else
				add_place(model, &keys, &process->waits[j]);
		}
		if (!model->processes[i].summarized)
			model->processes[i].connections = process->seen_conns;
	}
	pool_close(&keys);
	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++) {
		if (!totals[state].connections)
			continue;
		totals[state].state = (int)state;
		totals[state].frame = MODEL_NONE;
		*MODEL_PUSH(model, waits) = totals[state];
	}
	if (model->wait_places_count)
		qsort(model->wait_places, model->wait_places_count, sizeof(*model->wait_places), longer_first);
}
