/*
 * `tcpwaitspy ps --count`: thousands of sockets in a few lines.
 */
#include <stdlib.h>
#include <string.h>

#include "../../shim/spell/buf.h"
#include "../cli/words.h"
#include "row.h"

#define PROCESS_ROOM 128

struct group {
	int state;
	const struct ps_process *process; /* NULL: no descriptor refers to them */
	size_t owners; /* of each */
	char where[PS_CELL];
	size_t count;
	size_t unread; /* with bytes, or an end of file, that nobody has read */
	int64_t oldest_ms; /* PS_NO_AGE: the kernel does not tell */
};

static struct group group_of(const struct ps_row *row, struct ps_places *places)
{
	struct group group = {
		.state = row->socket->state,
		.process = row->owner_count ? &row->all->processes[row->owners[0].process] : NULL,
		.owners = row->owner_count,
		.oldest_ms = PS_NO_AGE,
	};
	struct spy_buf buf = {.data = group.where, .size = PS_CELL - 1};
	char where[PS_CELL] = "";

	ps_where(row, places, where);
	/* The last call differs from one to the other where the place does not. */
	if (strncmp(where, "made at ", 8) == 0 && strstr(where, ", last call "))
		*strstr(where, ", last call ") = '\0';
	spy_buf_plain(&buf, where, strlen(where));
	return group;
}

static struct group *find(struct group *groups, size_t *count, const struct group *wanted)
{
	for (size_t i = 0; i < *count; i++)
		if (groups[i].state == wanted->state && groups[i].process == wanted->process &&
		    groups[i].owners == wanted->owners && strcmp(groups[i].where, wanted->where) == 0)
			return &groups[i];
	groups[*count] = *wanted;
	return &groups[(*count)++];
}

static void add(struct group *group, const struct ps_socket *socket)
{
	group->count++;
	group->unread += socket->receive_queue > 0;
	if (socket->age_ms != PS_NO_AGE && socket->age_ms > group->oldest_ms)
		group->oldest_ms = socket->age_ms;
}

static int most_first(const void *a, const void *b)
{
	const struct group *first = a, *second = b;

	return (first->count < second->count) - (first->count > second->count);
}

/* "echo[4711]", and how many more have each of them. */
static void name(const struct group *group, char text[PROCESS_ROOM])
{
	struct spy_buf buf = {.data = text, .size = PROCESS_ROOM};

	if (!group->process) {
		spy_buf_char(&buf, '-');
		spy_buf_cstr(&buf);
		return;
	}
	spy_buf_plain(&buf, group->process->name, strlen(group->process->name));
	spy_buf_char(&buf, '[');
	spy_buf_int(&buf, group->process->pid);
	spy_buf_char(&buf, ']');
	if (group->owners > 1) {
		spy_buf_str(&buf, " +");
		spy_buf_uint(&buf, group->owners - 1);
	}
	spy_buf_cstr(&buf);
}

static void print(const struct out *out, const struct group *group, int width)
{
	char age[32] = "-";
	char process[PROCESS_ROOM];
	struct spy_buf buf = {.data = age, .size = sizeof(age)};

	if (group->oldest_ms != PS_NO_AGE) {
		spy_buf_age(&buf, (uint64_t)group->oldest_ms * 1000000);
		spy_buf_cstr(&buf);
	}
	name(group, process);
	fprintf(out->stream, "%7zu  ", group->count);
	out_print(out, group->state == SPY_STATE_CLOSE_WAIT ? OUT_ERROR : OUT_WARNING, "%-11s",
		  spy_state_name((unsigned int)group->state));
	fprintf(out->stream, "  %12s  %6zu  %-*s", age, group->unread, *group->where ? width : 0, process);
	if (*group->where) {
		fputs("  ", out->stream);
		out_print(out, OUT_BOLD, "%s", group->where);
	}
	fputc('\n', out->stream);
}

void ps_print_counts(const struct out *out, const struct ps_row *rows, size_t count, struct ps_places *places)
{
	struct group *groups = words_room((count + 1) * sizeof(*groups));
	size_t group_count = 0;
	size_t width = strlen("PROCESS");

	for (size_t i = 0; i < count; i++) {
		struct group wanted = group_of(&rows[i], places);

		add(find(groups, &group_count, &wanted), rows[i].socket);
	}
	qsort(groups, group_count, sizeof(*groups), most_first);
	for (size_t i = 0; i < group_count; i++) {
		char process[PROCESS_ROOM];

		name(&groups[i], process);
		width = strlen(process) > width ? strlen(process) : width;
	}
	out_print(out, OUT_DIM, "  COUNT  STATE              OLDEST  UNREAD  %-*s  WHERE", (int)width, "PROCESS");
	fputc('\n', out->stream);
	for (size_t i = 0; i < group_count; i++)
		print(out, &groups[i], (int)width);
	free(groups);
}
