/*
 * Findings: a block of lines each, with the source where it can be read.
 */
#include "render.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "../symbols/symbols.h"

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

static void render_frame(const struct render *render, const struct item_frame *frame)
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

/* "echo.c:11", as an editor takes it: below the working directory without that. */
static void render_spot(const struct render *render, const struct symbols_frame *spot)
{
	char here[PATH_MAX];
	const char *file = spot->file;
	size_t len;

	if (getcwd(here, sizeof(here))) {
		len = strlen(here);
		if (len > 1 && strncmp(file, here, len) == 0 && file[len] == '/')
			file += len + 1;
	}
	out_print(&render->out, OUT_NORMAL, " ");
	out_plain(&render->out, OUT_BOLD, file);
	out_print(&render->out, OUT_BOLD, ":%d", spot->line);
}

static size_t find_spots(const struct render *render, const struct item_frame *frame,
			 const struct symbols_frame **spots)
{
	if (!render->symbols || !frame->module || !*frame->module)
		return 0;
	return symbols_find(render->symbols, frame->module, frame->build_id, frame->offset, spots);
}

static bool has_line(const struct symbols_frame *spot)
{
	return spot->file && spot->line;
}

void render_frame_and_line(const struct render *render, const struct item_frame *frame)
{
	const struct symbols_frame *spots;
	size_t count = find_spots(render, frame, &spots);

	render_frame(render, frame);
	if (count && has_line(&spots[0]))
		render_spot(render, &spots[0]);
}

/* What the compiler put into a function has no frame of its own: a line without a number each. */
static void render_inlined(const struct render *render, int pid, const struct symbols_frame *spots, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++) {
		render_prefix(render, pid);
		out_print(&render->out, OUT_NORMAL, "       inlined ");
		out_plain(&render->out, OUT_BOLD, spots[i].function ? spots[i].function : "??");
		if (has_line(&spots[i]))
			render_spot(render, &spots[i]);
		out_print(&render->out, OUT_NORMAL, "\n");
	}
}

/* The source of the innermost frame that has any. */
static bool render_source(const struct render *render, int pid, const struct symbols_frame *spot)
{
	const char *text = has_line(spot) ? symbols_source_line(render->symbols, spot->file, spot->line) : NULL;

	if (!text)
		return false;
	render_prefix(render, pid);
	out_print(&render->out, OUT_DIM, "       %6d | ", spot->line);
	out_plain(&render->out, OUT_NOTE, text);
	out_print(&render->out, OUT_NORMAL, "\n");
	return true;
}

static void render_stack(const struct render *render, int pid, enum spy_story story, const struct item_stack *stack)
{
	bool shown = false;

	if (!stack->count)
		return;
	render_prefix(render, pid);
	out_print(&render->out, OUT_NORMAL, "  %s\n", titles[story]);
	for (size_t i = 0; i < stack->count; i++) {
		const struct symbols_frame *spots = NULL;
		size_t count = find_spots(render, &stack->frames[i], &spots);

		render_prefix(render, pid);
		out_print(&render->out, OUT_NORMAL, "    #%zu ", i);
		render_frame(render, &stack->frames[i]);
		if (count && has_line(&spots[count - 1]))
			render_spot(render, &spots[count - 1]);
		out_print(&render->out, OUT_NORMAL, "\n");
		render_inlined(render, pid, spots, count);
		if (!shown && count)
			shown = render_source(render, pid, &spots[0]);
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
