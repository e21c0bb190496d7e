/*
 * Where connections were made, where their end of file was read, and where they were ended: of the calls
 * whose stack the log names. Numbers name stacks within a process; which frames one has may be told later
 * than it is first named, since threads write their lines as they come.
 */
#include <string.h>

#include "internal.h"

/* A process has 8192 at most; a damaged log may claim any number. */
#define NUMBERS_MAX (UINT32_C(1) << 16)

static bool makes(const struct item_call *call)
{
	return call->ret >= 0 && (strcmp(call->name, "socket") == 0 || strncmp(call->name, "accept", 6) == 0);
}

static bool ends(const struct item_call *call)
{
	return strcmp(call->name, "shutdown") == 0 || strstr(call->name, "close");
}

static void note(struct model_conn *conn, const struct item *item)
{
	if (makes(&item->call))
		conn->stacks[SPY_STORY_CREATED] = item->stack;
	if (item->call.observed_eof && conn->stacks[SPY_STORY_EOF] == MODEL_NONE)
		conn->stacks[SPY_STORY_EOF] = item->stack;
	if (ends(&item->call) && !item->call.error)
		conn->stacks[SPY_STORY_CLOSED] = item->stack;
}

static void tell(struct model *model, struct process_inside *process, const struct item *item)
{
	while (process->stack_count <= item->stack) {
		process->stacks = pool_grow(process->stacks, process->stack_count, sizeof(*process->stacks));
		process->stacks[process->stack_count++] = MODEL_NONE;
	}
	process->stacks[item->stack] = model_put_stack(model, &item->frames);
}

void model_add_stack(struct model *model, uint32_t process, uint32_t conn, const struct item *item)
{
	if (!item->stack || item->stack >= NUMBERS_MAX)
		return;
	if (item->frames.count)
		tell(model, &model->inside->processes[process], item);
	if (conn != MODEL_NONE)
		note(&model->conns[conn], item);
}

static void place(const struct process_inside *process, uint32_t *number)
{
	*number = *number < process->stack_count ? process->stacks[*number] : MODEL_NONE;
}

/* From numbers to indexes, once all is known. */
void model_place(struct model *model)
{
	for (uint32_t i = 0; i < model->conns_count; i++)
		for (int story = 0; story < SPY_STORY_COUNT; story++)
			place(&model->inside->processes[model->conns[i].process], &model->conns[i].stacks[story]);
	for (uint32_t i = 0; i < model->events_count; i++)
		place(&model->inside->processes[model->conns[model->events[i].conn].process], &model->events[i].stack);
}
