/*
 * Comma-separated values (RFC 4180): a header, a row for each place, or for each event.
 */
#include <inttypes.h>
#include <string.h>

#include "../read/moment.h"
#include "place.h"
#include "writer.h"

#define ROW_END "\r\n"

/*
 * In quotes where it must be. A text that a spreadsheet would take for a formula gets an apostrophe in
 * front: programs' names and arguments are anybody's.
 */
static void put_text(FILE *out, const char *text)
{
	if (!text)
		return;
	if (!text[strcspn(text, ",\"\r\n")] && !strchr("=+-@\t", *text)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	if (*text && strchr("=+-@\t", *text))
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_next(FILE *out, const char *text)
{
	fputc(',', out);
	put_text(out, text);
}

void csv_write(const struct model *model, FILE *out)
{
	char text[MOMENT_TEXT];

	fputs("severity,rule,count,processes,hosts,first,last,function,file,line,module,offset,build_id,cause,message,"
	      "remedy" ROW_END,
	      out);
	for (uint32_t i = 0; i < model->groups_count; i++) {
		const struct model_group *group = &model->groups[i];
		const struct model_frame *frame = group->frame == MODEL_NONE ? NULL : &model->frames[group->frame];
		const struct model_finding *first =
			group->first_finding == MODEL_NONE ? NULL : &model->findings[group->first_finding];
		struct model_spot spot = model_spot(model, group->frame);

		put_text(out, model_severity_name(group->severity));
		put_next(out, model_text(model, group->rule));
		fprintf(out, ",%" PRIu64 ",%u,%u", group->count, group->process_count, group->host_count);
		put_next(out, moment_text(group->first_ns, 6, text));
		put_next(out, moment_text(group->last_ns, 6, text));
		put_next(out, spot.function);
		put_next(out, spot.file ? place_short_path(spot.file) : NULL);
		fprintf(out, spot.line ? ",%d" : ",", spot.line);
		put_next(out, frame ? model_text(model, frame->module) : NULL);
		fprintf(out, frame ? ",%" PRIu64 : ",", frame ? frame->offset : 0);
		put_next(out, frame ? model_text(model, frame->build_id) : NULL);
		put_next(out, first ? model_text(model, first->cause) : NULL);
		put_next(out, first ? model_text(model, first->message) : NULL);
		put_next(out, first ? model_text(model, first->remedy) : NULL);
		fputs(ROW_END, out);
	}
}

static void put_state(FILE *out, int state)
{
	put_next(out, state == ITEM_NO_STATE ? NULL : spy_state_name((unsigned int)state));
}

void csv_events_write(const struct model *model, FILE *out)
{
	char text[MOMENT_TEXT];

	fputs("time,host,program,pid,tid,conn,local,peer,event,fd,args,ret,errno,duration_us,state_before,state,"
	      "inferred,observed_eof" ROW_END,
	      out);
	for (uint32_t i = 0; i < model->events_count; i++) {
		const struct model_event *event = &model->events[i];
		const struct model_conn *conn = &model->conns[event->conn];
		const struct model_process *process = &model->processes[conn->process];
		const bool call = event->kind == MODEL_CALL;

		put_text(out, moment_text(event->ts_ns, 6, text));
		put_next(out, model_text(model, process->host));
		put_next(out, place_program(model, process));
		fprintf(out, ",%d,%u,%" PRIu64, process->pid, event->tid, conn->id);
		put_next(out, model_text(model, conn->local));
		put_next(out, model_text(model, conn->peer));
		put_next(out, call ? model_text(model, event->call) : "state");
		if (call)
			fprintf(out, ",%d", event->fd);
		else
			fputc(',', out);
		put_next(out, model_text(model, event->args));
		if (call)
			fprintf(out, ",%" PRId64, event->ret);
		else
			fputc(',', out);
		put_next(out, model_text(model, event->error));
		fprintf(out, ",%.1f", (double)event->duration_ns / 1e3);
		put_state(out, event->state_before);
		put_state(out, event->state);
		fprintf(out, ",%d,%d" ROW_END, event->inferred, event->observed_eof);
	}
}
