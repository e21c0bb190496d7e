/*
 * Findings: a block of lines each, with the source where it can be read.
 */
#include "render.h"

#include <inttypes.h>
#include <string.h>

static const char *const titles[SPY_STORY_COUNT] = {
	[SPY_STORY_CREATED] = "created at",
	[SPY_STORY_EOF] = "end of file read at",
	[SPY_STORY_CLOSED] = "closed at",
	[SPY_STORY_HERE] = "used at",
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void render_frame(const struct render *render, const struct item_frame *frame)
{
	const struct out *out = &render->out;
	const char *module = frame->module && *frame->module ? base_name(frame->module) : NULL;

	if (frame->function && *frame->function) {
		out_plain(out, OUT_BOLD, frame->function);
		out_print(out, OUT_NORMAL, "+0x%" PRIx64, frame->function_offset);
	} else {
		out_print(out, OUT_NORMAL, "??");
	}
	out_print(out, OUT_DIM, " (");
	out_plain(out, OUT_DIM, module ? module : "??");
	out_print(out, OUT_DIM, "+0x%" PRIx64 ")", module ? frame->offset : frame->ip);
}

static void render_stack(const struct render *render, int pid, enum spy_story story, const struct item_stack *stack)
{
	if (!stack->count)
		return;
	render_prefix(render, pid);
	out_print(&render->out, OUT_NORMAL, "  %s\n", titles[story]);
	for (size_t i = 0; i < stack->count; i++) {
		render_prefix(render, pid);
		out_print(&render->out, OUT_NORMAL, "    #%zu ", i);
		render_frame(render, &stack->frames[i]);
		out_print(&render->out, OUT_NORMAL, "\n");
	}
}

static const char *severity_word(const char *severity)
{
	if (strcmp(severity, "error") == 0)
		return "ERROR";
	return strcmp(severity, "warning") == 0 ? "WARNING" : "NOTE";
}

static void render_text_line(const struct render *render, int pid, const char *name, const char *text)
{
	render_prefix(render, pid);
	out_print(&render->out, OUT_NORMAL, "  %s: ", name);
	out_plain(&render->out, strcmp(name, "remedy") == 0 ? OUT_GOOD : OUT_NORMAL, text);
	out_print(&render->out, OUT_NORMAL, "\n");
}

void render_finding(const struct render *render, const struct item *item)
{
	const struct out *out = &render->out;
	const struct item_finding *finding = &item->finding;
	enum out_style style = render_severity_style(finding->severity);

	render_prefix(render, item->pid);
	out_print(out, style, "%s: ", severity_word(finding->severity));
	out_plain(out, style, finding->rule);
	out_print(out, style, ": ");
	out_plain(out, OUT_BOLD, finding->message ? finding->message : "");
	out_print(out, OUT_NORMAL, "\n");
	if (finding->cause) {
		render_prefix(render, item->pid);
		out_print(out, OUT_NORMAL, "  cause: ");
		out_plain(out, OUT_NORMAL, finding->cause);
		if (finding->cause_text) {
			out_print(out, OUT_NORMAL, ": ");
			out_plain(out, OUT_NORMAL, finding->cause_text);
		}
		out_print(out, OUT_NORMAL, "\n");
	}
	for (unsigned int story = 0; story < SPY_STORY_COUNT; story++)
		render_stack(render, item->pid, (enum spy_story)story, &finding->stacks[story]);
	if (finding->remedy)
		render_text_line(render, item->pid, "remedy", finding->remedy);
}
