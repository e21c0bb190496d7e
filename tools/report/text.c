/*
 * See text.h. Texts of logs, of DWARF and of source files go through out_plain(): they can be anybody's.
 */
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../shim/spell/buf.h"
#include "../read/moment.h"
#include "place.h"

/* As many of a group's processes are named; --verbose names all. */
#define PROCESSES_NAMED 3
/* Places of WAIT states for each state; --verbose has all. */
#define WAIT_PLACES 5

static enum out_style style_of(enum spy_severity severity)
{
	static const enum out_style styles[] = {
		[SPY_NOTE] = OUT_NOTE, [SPY_WARNING] = OUT_WARNING, [SPY_ERROR] = OUT_ERROR};

	return styles[severity];
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* The command's own words, which may end a line. */
static void say(const struct out *out, const char *text)
{
	fputs(text, out->stream);
}

static void put(const struct out *out, const char *text)
{
	out_plain(out, OUT_NORMAL, text);
}

static void put_age(const struct out *out, uint64_t ns)
{
	char room[64];
	struct spy_buf age = SPY_BUF(room);

	spy_buf_age(&age, ns);
	put(out, spy_buf_cstr(&age));
}

/* "handle_client server.c:42", or "handle_client+0x28 (server+0x13d0)". */
static void put_place(const struct out *out, const struct model *model, uint32_t frame)
{
	struct model_spot spot = model_spot(model, frame);
	char text[MODEL_SPOT_TEXT];

	if (!spot.file || !spot.line) {
		out_plain(out, OUT_BOLD, model_spot_text(model, frame, text));
		return;
	}
	out_plain(out, OUT_BOLD, spot.function ? spot.function : "?");
	say(out, " ");
	out_plain(out, OUT_BOLD, place_short_path(spot.file));
	out_print(out, OUT_BOLD, ":%d", spot.line);
}

static void put_source(const struct out *out, const struct model *model, const char *file, int line)
{
	const char *text = model->symbols && file && line ? symbols_source_line(model->symbols, file, line) : NULL;

	if (!text || !*text)
		return;
	out_print(out, OUT_DIM, "  %6d | ", line);
	out_plain(out, OUT_NOTE, text);
	say(out, "\n");
}

static void put_line(const struct out *out, const char *title, enum out_style style, const char *text)
{
	if (!text)
		return;
	out_print(out, OUT_NORMAL, "  %s: ", title);
	out_plain(out, style, text);
	say(out, "\n");
}

static void put_process(const struct out *out, const struct model *model, uint32_t index)
{
	const struct model_process *process = &model->processes[index];
	const char *host = model_text(model, process->host);

	put(out, place_program(model, process));
	out_print(out, OUT_NORMAL, "[%d]", process->pid);
	if (!host)
		return;
	say(out, " on ");
	put(out, host);
}

/* Names the group's processes; a process can have several tallies in a group. */
static void put_processes(const struct out *out, const struct model *model, uint32_t group, uint32_t most)
{
	const uint32_t all = model->groups[group].process_count;
	uint32_t last = MODEL_NONE;
	uint32_t named = 0;

	for (uint32_t i = 0; i < model->tallies_count && named < most; i++) {
		const struct model_tally *tally = &model->tallies[i];

		if (tally->group != group || tally->process == last)
			continue;
		say(out, named++ ? ", " : "");
		put_process(out, model, tally->process);
		last = tally->process;
	}
	if (named < all)
		out_print(out, OUT_NORMAL, " and %u more", all - named);
}

static void put_seen(const struct out *out, const struct model *model, uint32_t index, bool verbose)
{
	const struct model_group *group = &model->groups[index];
	char first[MOMENT_TEXT], last[MOMENT_TEXT];

	out_print(out, OUT_NORMAL, "  seen: %s", moment_text(group->first_ns, 0, first));
	if (strcmp(first, moment_text(group->last_ns, 0, last)) != 0)
		out_print(out, OUT_NORMAL, " to %s", last);
	say(out, " in ");
	put_processes(out, model, index, verbose ? UINT32_MAX : PROCESSES_NAMED);
	if (group->host_count > 1)
		out_print(out, OUT_NORMAL, ", %u hosts", group->host_count);
	say(out, "\n");
}

static void put_file(const struct out *out, const struct symbols_frame *name)
{
	if (!name->file)
		return;
	say(out, " ");
	put(out, place_short_path(name->file));
	out_print(out, OUT_NORMAL, ":%d", name->line);
}

/* A frame, and in front of it the functions that were inlined into it. */
static void put_frame(const struct out *out, const struct model *model, size_t number, uint32_t index)
{
	const struct model_frame *frame = &model->frames[index];
	const char *module = model_basename(model_text(model, frame->module));

	for (size_t i = 0; i + 1 < frame->name_count; i++) {
		out_print(out, OUT_NORMAL, "       inlined ");
		out_plain(out, OUT_BOLD, frame->names[i].function ? frame->names[i].function : "?");
		put_file(out, &frame->names[i]);
		say(out, "\n");
	}
	out_print(out, OUT_NORMAL, "    #%zu ", number);
	if (frame->name_count) {
		const struct symbols_frame *name = &frame->names[frame->name_count - 1];

		out_plain(out, OUT_BOLD, name->function ? name->function : "?");
		put_file(out, name);
		say(out, " (");
		put(out, module ? module : "?");
		out_print(out, OUT_NORMAL, "+0x%" PRIx64 ")\n", frame->offset);
		return;
	}
	put_place(out, model, index);
	say(out, "\n");
}

static void put_stacks(const struct out *out, const struct model *model, const struct model_finding *finding)
{
	for (int story = 0; story < SPY_STORY_COUNT; story++) {
		const struct model_stack *stack;

		if (finding->stacks[story] == MODEL_NONE)
			continue;
		stack = &model->stacks[finding->stacks[story]];
		out_print(out, OUT_NORMAL, "  %s\n", model_story_title((enum spy_story)story));
		for (size_t i = 0; i < stack->count; i++)
			put_frame(out, model, i, stack->frames[i]);
	}
}

static void put_evidence(const struct out *out, const struct model *model, const struct model_finding *finding)
{
	for (uint32_t i = 0; i < finding->evidence_count; i++) {
		const struct model_pair *pair = &model->evidence[finding->first_evidence + i];
		const char *value = model_text(model, pair->value);

		say(out, i ? ", " : "  evidence: ");
		put(out, model_text(model, pair->name));
		say(out, " ");
		put(out, value ? value : "\"\"");
	}
	say(out, finding->evidence_count ? "\n" : "");
}

static void put_group(const struct out *out, const struct model *model, uint32_t index, bool verbose)
{
	static const char *const words[] = {[SPY_NOTE] = "NOTE", [SPY_WARNING] = "WARNING", [SPY_ERROR] = "ERROR"};
	const struct model_group *group = &model->groups[index];
	const struct model_finding *first =
		group->first_finding == MODEL_NONE ? NULL : &model->findings[group->first_finding];
	const struct spy_rule_info *rule = model_rule(model, group->rule);
	struct model_spot spot = model_spot(model, group->frame);
	const char *cause_text = first ? model_text(model, first->cause_text) : NULL;

	out_print(out, style_of(group->severity), "%s: ", words[group->severity]);
	out_plain(out, style_of(group->severity), model_text(model, group->rule));
	out_print(out, OUT_NORMAL, ": %s%" PRIu64 " time%s at ", group->at_least ? "at least " : "", group->count,
		  plural(group->count));
	put_place(out, model, group->frame);
	say(out, "\n");
	put_source(out, model, spot.file, spot.line);
	put_line(out, "first", OUT_NORMAL, first ? model_text(model, first->message) : NULL);
	if (first && first->cause)
		put_line(out, "cause", OUT_NORMAL, cause_text ? cause_text : model_text(model, first->cause));
	put_seen(out, model, index, verbose);
	if (verbose && first) {
		put_evidence(out, model, first);
		put_stacks(out, model, first);
	}
	put_line(out, "remedy", OUT_GOOD, first ? model_text(model, first->remedy) : NULL);
	put_line(out, "source", OUT_NORMAL, verbose && rule ? rule->source : NULL);
	say(out, "\n");
}

static void put_wait(const struct out *out, const struct model_wait *wait)
{
	out_print(out, OUT_NORMAL, "%" PRIu64 " connection%s, total ", wait->connections, plural(wait->connections));
	put_age(out, wait->total_ns);
	say(out, ", longest ");
	put_age(out, wait->max_ns);
	say(out, "\n");
}

static void put_waits(const struct out *out, const struct model *model, bool verbose)
{
	if (model->waits_count)
		out_print(out, OUT_BOLD, "Time in WAIT states\n");
	for (uint32_t i = 0; i < model->waits_count; i++) {
		const struct model_wait *wait = &model->waits[i];
		uint32_t places = 0;

		out_print(out, OUT_NORMAL, "  %-10s  ", spy_state_name((unsigned int)wait->state));
		put_wait(out, wait);
		for (uint32_t j = 0; j < model->wait_places_count; j++) {
			const struct model_wait *place = &model->wait_places[j];

			if (place->state != wait->state || place->frame == MODEL_NONE ||
			    (places++ >= WAIT_PLACES && !verbose))
				continue;
			say(out, "    ");
			put_place(out, model, place->frame);
			say(out, ": ");
			put_wait(out, place);
		}
		if (places > WAIT_PLACES && !verbose)
			out_print(out, OUT_NORMAL, "    and %u more places\n", places - WAIT_PLACES);
	}
	say(out, model->waits_count ? "\n" : "");
}

/* Those that were killed, still run, or whose log is not whole, and those that lost or missed something. */
static void put_ends(const struct out *out, const struct model *model, bool verbose)
{
	const uint32_t most = verbose ? UINT32_MAX : PROCESSES_NAMED;
	uint32_t silent = 0;

	for (uint32_t i = 0; i < model->processes_count; i++) {
		const struct model_process *process = &model->processes[i];

		if (!process->summarized) {
			if (silent++ < most) {
				say(out, silent == 1 ? "Without a summary (killed, or still running): " : ", ");
				put_process(out, model, i);
			}
		}
	}
	if (silent > most)
		out_print(out, OUT_NORMAL, " and %u more", silent - most);
	say(out, silent ? "\n" : "");
	for (uint32_t i = 0; i < model->processes_count; i++) {
		const struct model_process *process = &model->processes[i];

		if (!process->ended && !process->lost_lines && !process->unseen)
			continue;
		put_process(out, model, i);
		say(out, ":");
		if (process->ended) {
			say(out, " ");
			put(out, model_text(model, process->ended));
		}
		if (process->lost_lines)
			out_print(out, OUT_WARNING, " %" PRIu64 " lines of its log could not be written",
				  process->lost_lines);
		if (process->unseen)
			out_print(out, OUT_NORMAL, " %" PRIu64 " close%s not seen", process->unseen,
				  plural(process->unseen));
		say(out, "\n");
	}
}

static void put_totals(const struct out *out, const struct model *model)
{
	uint64_t counts[] = {0, 0, 0};
	uint64_t connections = 0;

	for (uint32_t i = 0; i < model->groups_count; i++)
		counts[model->groups[i].severity] += model->groups[i].count;
	for (uint32_t i = 0; i < model->processes_count; i++)
		connections += model->processes[i].connections;
	out_print(out, counts[SPY_ERROR] ? OUT_ERROR : OUT_BOLD, "%" PRIu64 " error%s", counts[SPY_ERROR],
		  plural(counts[SPY_ERROR]));
	out_print(out, counts[SPY_WARNING] ? OUT_WARNING : OUT_NORMAL, ", %" PRIu64 " warning%s", counts[SPY_WARNING],
		  plural(counts[SPY_WARNING]));
	out_print(out, OUT_NORMAL, ", %" PRIu64 " note%s at %u place%s in %" PRIu64 " connection%s of %u process%s\n",
		  counts[SPY_NOTE], plural(counts[SPY_NOTE]), model->groups_count, plural(model->groups_count),
		  connections, plural(connections), model->processes_count, model->processes_count == 1 ? "" : "es");
}

void text_report(const struct out *out, const struct model *model, unsigned long top, bool verbose)
{
	uint32_t shown = model->groups_count;

	if (top && top < shown)
		shown = (uint32_t)top;
	for (uint32_t i = 0; i < shown; i++)
		put_group(out, model, i, verbose);
	if (shown < model->groups_count)
		out_print(out, OUT_DIM, "%u more place%s not shown (--top)\n\n", model->groups_count - shown,
			  plural(model->groups_count - shown));
	put_waits(out, model, verbose);
	put_ends(out, model, verbose);
	put_totals(out, model);
}
