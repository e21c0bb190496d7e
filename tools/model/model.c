/*
 * Takes items apart: whose they are, which connection they are about. What they tell of states and of
 * findings is the business of flow.c and findings.c.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct model *model_open(const struct model_filter *filter)
{
	struct model *model = pool_zeros(sizeof(*model));

	model->inside = pool_zeros(sizeof(*model->inside));
	model->inside->filter = *filter;
	pool_put(&model->inside->texts, "", 0);
	return model;
}

void model_close(struct model *model)
{
	struct model_inside *inside = model->inside;

	for (uint32_t i = 0; i < model->processes_count; i++) {
		free(inside->processes[i].waits);
		free(inside->processes[i].stacks);
	}
	pool_close(&inside->texts);
	pool_close(&inside->frames);
	pool_close(&inside->stacks);
	pool_close(&inside->pids);
	pool_close(&inside->conns);
	pool_close(&inside->tallies);
	free(inside->pid_processes);
	free(inside->processes);
	free(inside->conn_insides);
	free(inside);
	free(model->processes);
	free(model->conns);
	free(model->events);
	free(model->spans);
	free(model->findings);
	free(model->evidence);
	free(model->groups);
	free(model->tallies);
	free(model->frames);
	free(model->stacks);
	free(model->waits);
	free(model->wait_places);
	free(model);
}

void model_next_file(struct model *model)
{
	model->inside->file++;
}

model_text_id model_put_text(struct model *model, const char *text)
{
	return text ? pool_put(&model->inside->texts, text, strlen(text)) : 0;
}

const char *model_text(const struct model *model, model_text_id text)
{
	return text ? model->inside->texts.keys[text].bytes : NULL;
}

uint32_t model_put_frame(struct model *model, const struct item_frame *item)
{
	struct {
		model_text_id module, build_id, function, unused;
		uint64_t offset, function_offset;
	} key = {
		.module = model_put_text(model, item->module),
		.build_id = model_put_text(model, item->build_id),
		.offset = item->module ? item->offset : item->ip,
	};
	const model_text_id function = model_put_text(model, item->function);
	uint32_t frame;

	if (!item->module && !item->function && !item->ip)
		return MODEL_NONE;
	/* An offset of a build is one place, whether the log names the function there or not. */
	if (!key.module || !key.build_id) {
		key.function = function;
		key.function_offset = item->function_offset;
	}
	frame = pool_put(&model->inside->frames, &key, sizeof(key));
	if (frame < model->frames_count && !model->frames[frame].function) {
		model->frames[frame].function = function;
		model->frames[frame].function_offset = item->function_offset;
	}
	if (frame == model->frames_count)
		*MODEL_PUSH(model, frames) = (struct model_frame){
			.module = key.module,
			.build_id = key.build_id,
			.function = function,
			.offset = key.offset,
			.function_offset = item->function_offset,
		};
	return frame;
}

static uint32_t new_process(struct model *model, const struct item *item)
{
	struct model_inside *inside = model->inside;

	inside->processes = pool_grow(inside->processes, model->processes_count, sizeof(*inside->processes));
	memset(&inside->processes[model->processes_count], 0, sizeof(*inside->processes));
	*MODEL_PUSH(model, processes) = (struct model_process){
		.file = inside->file,
		.pid = item->pid,
		.first_ns = item->ts_ns,
		.last_ns = item->ts_ns,
	};
	return model->processes_count - 1;
}

/* Whose item it is. A process record begins a new process: the first one's fork, exec, or a pid used again. */
static uint32_t process_of(struct model *model, const struct item *item)
{
	struct model_inside *inside = model->inside;
	const uint32_t key[2] = {inside->file, (uint32_t)item->pid};
	uint32_t before = inside->pids.count;
	uint32_t number = pool_put(&inside->pids, key, sizeof(key));

	if (number == before)
		inside->pid_processes = pool_grow(inside->pid_processes, before, sizeof(*inside->pid_processes));
	if (number == before || item->type == ITEM_PROCESS)
		inside->pid_processes[number] = new_process(model, item);
	return inside->pid_processes[number];
}

static void add_process(struct model *model, uint32_t index, const struct item_process *item)
{
	struct model_process *process = &model->processes[index];

	process->ppid = item->ppid;
	process->host = model_put_text(model, item->host);
	process->exe = model_put_text(model, item->exe);
	process->argv = model_put_text(model, item->argv);
	process->options = model_put_text(model, item->options);
}

static uint32_t new_conn(struct model *model, uint32_t process, const struct item *item)
{
	struct model_inside *inside = model->inside;

	inside->conn_insides = pool_grow(inside->conn_insides, model->conns_count, sizeof(*inside->conn_insides));
	inside->conn_insides[model->conns_count] = (struct conn_inside){.since_ns = item->ts_ns};
	*MODEL_PUSH(model, conns) = (struct model_conn){
		.process = process,
		.id = item->conn,
		.state = ITEM_NO_STATE,
		.first_ns = item->ts_ns,
		.last_ns = item->ts_ns,
		.other = MODEL_NONE,
		.first_finding = MODEL_NONE,
		.stacks = {MODEL_NONE, MODEL_NONE, MODEL_NONE, MODEL_NONE},
	};
	return model->conns_count - 1;
}

/* The connection that the item is about, with what the item tells of its ends. */
static uint32_t conn_of(struct model *model, uint32_t process, const struct item *item)
{
	const uint64_t key[2] = {process, item->conn};
	struct model_conn *conn;
	uint32_t index;

	if (!item->conn)
		return MODEL_NONE;
	index = pool_put(&model->inside->conns, key, sizeof(key));
	if (index == model->conns_count)
		new_conn(model, process, item);
	conn = &model->conns[index];
	if (item->local)
		conn->local = model_put_text(model, item->local);
	if (item->peer)
		conn->peer = model_put_text(model, item->peer);
	conn->accepted |= item->accepted;
	conn->listener |= item->state == SPY_STATE_LISTEN;
	if (item->ts_ns > conn->last_ns)
		conn->last_ns = item->ts_ns;
	if (conn->peer && !model->inside->conn_insides[index].counted) {
		model->inside->conn_insides[index].counted = true;
		model->inside->processes[process].seen_conns++;
	}
	return index;
}

static model_text_id put_args(struct model *model, const struct item_pairs *args)
{
	char text[1024];
	size_t len = 0;

	for (size_t i = 0; i < args->count && len < sizeof(text); i++)
		if (*args->pairs[i].value)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s=%s", len ? ", " : "",
						args->pairs[i].name, args->pairs[i].value);
	if (len >= sizeof(text)) {
		/* Cut between characters. */
		len = sizeof(text) - 1;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
		text[len] = '\0';
	}
	return len ? model_put_text(model, text) : 0;
}

static void add_event(struct model *model, uint32_t conn, const struct item *item)
{
	const bool call = item->type == ITEM_CALL;

	*MODEL_PUSH(model, events) = (struct model_event){
		.conn = conn,
		.tid = (uint32_t)item->tid,
		.ts_ns = item->ts_ns,
		.duration_ns = call ? item->call.duration_ns : item->dwell_ns,
		.ret = call ? item->call.ret : 0,
		.call = call ? model_put_text(model, item->call.name) : 0,
		.error = call ? model_put_text(model, item->call.error) : 0,
		.args = call ? put_args(model, &item->call.args) : 0,
		.fd = call ? item->call.fd : -1,
		.kind = call ? MODEL_CALL : MODEL_STATE,
		.state_before = (int8_t)item->state_before,
		.state = (int8_t)item->state,
		.inferred = item->inferred,
		.observed_eof = call && item->call.observed_eof,
		.stack = item->stack ? item->stack : MODEL_NONE,
	};
}

static void note_time(struct model *model, uint32_t index, int64_t ts_ns)
{
	struct model_process *process = &model->processes[index];

	if (ts_ns < process->first_ns)
		process->first_ns = ts_ns;
	if (ts_ns > process->last_ns)
		process->last_ns = ts_ns;
	if (!model->item_count || ts_ns < model->first_ns)
		model->first_ns = ts_ns;
	if (!model->item_count || ts_ns > model->last_ns)
		model->last_ns = ts_ns;
	model->item_count++;
}

void model_add(struct model *model, const struct item *item)
{
	const bool counts = item->ts_ns >= model->inside->filter.since_ns;
	uint32_t process = process_of(model, item);
	uint32_t conn;

	note_time(model, process, item->ts_ns);
	switch (item->type) {
	case ITEM_PROCESS:
		add_process(model, process, &item->process);
		break;
	case ITEM_CALL:
	case ITEM_STATE:
		conn = conn_of(model, process, item);
		if (item->type == ITEM_CALL)
			model_add_stack(model, process, conn, item);
		if (conn == MODEL_NONE)
			break;
		model_flow(model, conn, item, counts);
		if (counts && model->inside->filter.keep_events)
			add_event(model, conn, item);
		break;
	case ITEM_FINDING:
		if (counts)
			model_add_finding(model, process, conn_of(model, process, item), item);
		break;
	case ITEM_STACK:
		model_add_stack(model, process, MODEL_NONE, item);
		break;
	case ITEM_SUMMARY:
		model_add_summary(model, process, item);
		break;
	}
}
