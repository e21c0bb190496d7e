/*
 * The page: what page.S has before the data, the data, and the rest.
 */
#include "html.h"

#include <stdlib.h>

#include "../../include/tcpwaitspy/version.h"
#include "columns.h"
#include "members.h"
#include "page_json.h"
#include "places.h"

/* The two halves of the page, NUL-ended; page.S. */
extern const char html_page_head[], html_page_tail[];

/* The names of the stacks as the JSON log has them. */
static const char *const stories[SPY_STORY_COUNT] = {"created", "eof", "closed", "here"};

/* Those with a process in them; processes stand in the order of the files. */
static uint32_t count_files(const struct model *model)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->processes_count; i++)
		count += i == 0 || model->processes[i].file != model->processes[i - 1].file;
	return count;
}

static void write_states(struct page_json *out)
{
	page_json_open(out, "states", '[');
	for (unsigned int state = 0; state < SPY_STATE_COUNT; state++)
		page_json_text(out, NULL, spy_state_name(state));
	page_json_close(out, ']');
}

static void write_processes(struct page_json *out, const struct model *model)
{
	page_json_open(out, "processes", '[');
	for (uint32_t i = 0; i < model->processes_count; i++) {
		const struct model_process *process = &model->processes[i];

		page_json_open(out, NULL, '{');
		page_json_text(out, "host", model_text(model, process->host));
		page_json_number(out, "pid", process->pid);
		page_json_number(out, "ppid", process->ppid);
		page_json_text(out, "exe", model_text(model, process->exe));
		page_json_text(out, "argv", model_text(model, process->argv));
		page_json_text(out, "options", model_text(model, process->options));
		page_json_number(out, "start", page_us(model, process->first_ns));
		page_json_number(out, "end", page_us(model, process->last_ns));
		page_json_number(out, "ended", process->summarized);
		page_json_close(out, '}');
	}
	page_json_close(out, ']');
}

static void write_stacks(struct page_json *out, const struct model *model, const struct model_finding *finding)
{
	page_json_open(out, "stacks", '{');
	for (int story = 0; finding && story < SPY_STORY_COUNT; story++) {
		const struct model_stack *stack;

		if (finding->stacks[story] == MODEL_NONE)
			continue;
		stack = &model->stacks[finding->stacks[story]];
		page_json_open(out, stories[story], '[');
		for (size_t i = 0; i < stack->count; i++)
			page_json_number(out, NULL, stack->frames[i]);
		page_json_close(out, ']');
	}
	page_json_close(out, '}');
}

static void write_evidence(struct page_json *out, const struct model *model, const struct model_finding *finding)
{
	page_json_open(out, "evidence", '[');
	for (uint32_t i = 0; finding && i < finding->evidence_count; i++) {
		const struct model_pair *pair = &model->evidence[finding->first_evidence + i];

		page_json_open(out, NULL, '[');
		page_json_text(out, NULL, model_text(model, pair->name));
		page_json_text(out, NULL, model_text(model, pair->value));
		page_json_close(out, ']');
	}
	page_json_close(out, ']');
}

/* Each process once: those of the tallies, which every finding has one of. */
static void write_procs(struct page_json *out, const struct model *model, uint32_t group)
{
	page_json_open(out, "procs", '[');
	for (uint32_t i = 0; i < model->tallies_count; i++)
		if (model->tallies[i].group == group)
			page_json_number(out, NULL, model->tallies[i].process);
	page_json_close(out, ']');
}

static void write_members(struct page_json *out, const struct model *model, const struct members *members, uint32_t *at,
			  uint32_t group)
{
	page_json_open(out, "conns", '[');
	for (; *at < members->count && members->list[*at].group == group; ++*at) {
		const struct member *member = &members->list[*at];

		page_json_open(out, NULL, '[');
		page_json_number(out, NULL, member->conn);
		page_json_number(out, NULL, member->ts_ns ? page_us(model, member->ts_ns) : -1);
		page_json_close(out, ']');
	}
	page_json_close(out, ']');
}

static void write_finding(struct page_json *out, const struct model *model, const struct model_group *group)
{
	const struct model_finding *first =
		group->first_finding == MODEL_NONE ? NULL : &model->findings[group->first_finding];
	const struct spy_rule_info *rule = model_rule(model, group->rule);

	page_json_text(out, "rule", model_text(model, group->rule));
	page_json_text(out, "severity", model_severity_name(group->severity));
	page_json_text(out, "cause", first ? model_text(model, first->cause) : NULL);
	page_json_text(out, "why", first ? model_text(model, first->cause_text) : NULL);
	page_json_text(out, "message", first ? model_text(model, first->message) : NULL);
	page_json_text(out, "remedy", first ? model_text(model, first->remedy) : rule ? rule->remedy : NULL);
	page_json_number(out, "count", (int64_t)group->count);
	page_json_number(out, "first", page_us(model, group->first_ns));
	page_json_number(out, "last", page_us(model, group->last_ns));
	page_json_number(out, "place", group->frame == MODEL_NONE ? -1 : (int64_t)group->frame);
	write_stacks(out, model, first);
	write_evidence(out, model, first);
}

static void write_findings(struct page_json *out, const struct model *model)
{
	struct members members = members_find(model);
	uint32_t at = 0;

	page_json_open(out, "findings", '[');
	for (uint32_t i = 0; i < model->groups_count; i++) {
		page_json_open(out, NULL, '{');
		write_finding(out, model, &model->groups[i]);
		write_procs(out, model, i);
		write_members(out, model, &members, &at, i);
		page_json_close(out, '}');
	}
	page_json_close(out, ']');
	free(members.list);
}

static void write_waits(struct page_json *out, const struct model *model)
{
	page_json_open(out, "waits", '[');
	for (uint32_t i = 0; i < model->wait_places_count; i++) {
		const struct model_wait *wait = &model->wait_places[i];

		page_json_open(out, NULL, '[');
		page_json_number(out, NULL, wait->state);
		page_json_number(out, NULL, wait->frame == MODEL_NONE ? -1 : (int64_t)wait->frame);
		page_json_number(out, NULL, (int64_t)wait->connections);
		page_json_number(out, NULL, (int64_t)(wait->total_ns / 1000));
		page_json_number(out, NULL, (int64_t)(wait->max_ns / 1000));
		page_json_close(out, ']');
	}
	page_json_close(out, ']');
}

void html_write(const struct model *model, FILE *file)
{
	struct page_json out = {.file = file};

	fputs(html_page_head, file);
	page_json_open(&out, NULL, '{');
	page_json_number(&out, "v", 1);
	page_json_text(&out, "version", SPY_VERSION);
	page_json_number(&out, "start", model->first_ns / 1000);
	page_json_number(&out, "length", page_us(model, model->last_ns));
	page_json_number(&out, "files", count_files(model));
	write_states(&out);
	write_processes(&out, model);
	places_write(&out, model);
	write_findings(&out, model);
	write_waits(&out, model);
	columns_write(&out, model);
	page_json_close(&out, '}');
	fputs(html_page_tail, file);
}
