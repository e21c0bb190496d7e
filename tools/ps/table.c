/*
 * The table of `tcpwaitspy ps`, and the same as JSON Lines.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "../../shim/spell/buf.h"
#include "../cli/words.h"
#include "row.h"

#define CELL PS_CELL

enum column { STATE, AGE, LEFT, RECV_Q, SEND_Q, LOCAL, PEER, PROCESS, TRACED, WHERE, COLUMNS };

static const char *const titles[COLUMNS] = {"STATE", "AGE",  "LEFT",	"RECV-Q", "SEND-Q",
					    "LOCAL", "PEER", "PROCESS", "TRACED", "WHERE"};

typedef char line[COLUMNS][CELL];

static void put_text(char cell[CELL], const char *text)
{
	struct spy_buf buf = {.data = cell, .size = CELL - 1};

	spy_buf_plain(&buf, text, strlen(text));
	cell[buf.len] = '\0';
}

static void put_age(char cell[CELL], int64_t age_ms, bool at_least)
{
	struct spy_buf buf = {.data = cell, .size = CELL};

	if (age_ms == PS_NO_AGE)
		return;
	if (at_least)
		spy_buf_char(&buf, '>');
	spy_buf_age(&buf, (uint64_t)age_ms * SPY_NS_PER_MS);
	spy_buf_cstr(&buf);
}

static void put_address(char cell[CELL], const struct spy_addr *addr)
{
	struct spy_buf buf = {.data = cell, .size = CELL};

	spy_buf_addr(&buf, addr);
	spy_buf_cstr(&buf);
}

static const struct ps_process *process_of(const struct ps_row *row, size_t owner)
{
	return &row->all->processes[row->owners[owner].process];
}

/* The first traced owner that has something to say. */
static const struct ps_story *story_of(const struct ps_row *row, struct ps_places *places, const char *local,
				       const char *peer)
{
	for (size_t i = 0; i < row->owner_count; i++) {
		const struct ps_process *process = process_of(row, i);
		const struct ps_story *story =
			process->traced ? ps_places_find(places, process->pid, row->socket, local, peer) : NULL;

		if (story)
			return story;
	}
	return NULL;
}

static bool is_traced(const struct ps_row *row)
{
	for (size_t i = 0; i < row->owner_count; i++)
		if (process_of(row, i)->traced)
			return true;
	return false;
}

static void put_process(char cell[CELL], const struct ps_row *row)
{
	char more[32] = "";
	char text[128];

	if (!row->owner_count)
		return;
	if (row->owner_count > 1)
		snprintf(more, sizeof(more), " +%zu", row->owner_count - 1);
	snprintf(text, sizeof(text), "%s[%d] fd %d%s", process_of(row, 0)->name, process_of(row, 0)->pid,
		 row->owners[0].fd, more);
	put_text(cell, text);
}

void ps_where(const struct ps_row *row, struct ps_places *places, char cell[PS_CELL])
{
	char local[CELL] = "";
	char peer[CELL] = "";
	const struct ps_story *story;
	char text[CELL];

	put_address(local, &row->socket->local);
	put_address(peer, &row->socket->peer);
	story = story_of(row, places, local, peer);
	if (!story)
		return;
	if (story->rule)
		snprintf(text, sizeof(text), "%s%s%s", story->rule, story->place ? ": " : "",
			 story->place ? story->place : "");
	else
		snprintf(text, sizeof(text), "%s%s%s%s%s", story->made ? "made at " : "",
			 story->made ? story->made : "", story->made && story->last_call ? ", " : "",
			 story->last_call ? "last call " : "", story->last_call ? story->last_call : "");
	put_text(cell, text);
}

static void fill(line cells, const struct ps_row *row, struct ps_places *places)
{
	memset(cells, 0, sizeof(line));
	put_text(cells[STATE], spy_state_name((unsigned int)row->socket->state));
	put_age(cells[AGE], row->socket->age_ms, row->socket->at_least);
	put_age(cells[LEFT], row->socket->rest_ms, false);
	snprintf(cells[RECV_Q], CELL, "%" PRIu32, row->socket->receive_queue);
	snprintf(cells[SEND_Q], CELL, "%" PRIu32, row->socket->send_queue);
	put_address(cells[LOCAL], &row->socket->local);
	if (row->socket->peer.port)
		put_address(cells[PEER], &row->socket->peer);
	else
		put_text(cells[PEER], "*");
	put_process(cells[PROCESS], row);
	if (row->owner_count)
		put_text(cells[TRACED], is_traced(row) ? "yes" : "no");
	ps_where(row, places, cells[WHERE]);
	for (enum column i = 0; i < COLUMNS; i++)
		if (!cells[i][0] && i != WHERE)
			put_text(cells[i], "-");
}

static enum out_style style_of(enum column column, const struct ps_row *row)
{
	if (column == WHERE)
		return OUT_BOLD;
	if (column != STATE)
		return OUT_NORMAL;
	if (row->socket->state == SPY_STATE_CLOSE_WAIT)
		return OUT_ERROR;
	return spy_state_is_wait((unsigned int)row->socket->state) ? OUT_WARNING : OUT_NORMAL;
}

static void print_cell(const struct out *out, enum column column, enum out_style style, const char *text, size_t width,
		       bool last)
{
	bool right = column == AGE || column == LEFT || column == RECV_Q || column == SEND_Q;
	int blanks = (int)(width - strlen(text));

	if (column)
		fputs("  ", out->stream);
	if (right)
		fprintf(out->stream, "%*s", blanks, "");
	out_print(out, style, "%s", text);
	if (!right && !last)
		fprintf(out->stream, "%*s", blanks, "");
}

/* Which columns are shown, and how: where the table is wider than the terminal, without those that say nothing. */
struct layout {
	size_t widths[COLUMNS];
	bool hidden[COLUMNS];
	bool below; /* WHERE stands in a line of its own */
};

static bool says_nothing(const line *lines, size_t count, enum column column)
{
	for (size_t j = 0; j < count; j++)
		if (strcmp(lines[j][column], "-") != 0 && strcmp(lines[j][column], "0") != 0)
			return false;
	return true;
}

static size_t width_of(const struct layout *layout)
{
	size_t width = 0;

	for (enum column i = 0; i < COLUMNS; i++)
		if (!layout->hidden[i] && !(layout->below && i == WHERE))
			width += layout->widths[i] + (i ? 2 : 0);
	return width;
}

static struct layout layout_for(const line *lines, size_t count, size_t columns)
{
	static const enum column spare[] = {LEFT, SEND_Q, RECV_Q};
	struct layout layout = {.below = false};

	for (enum column i = 0; i < COLUMNS; i++) {
		layout.widths[i] = strlen(titles[i]);
		for (size_t j = 0; j < count; j++)
			if (strlen(lines[j][i]) > layout.widths[i])
				layout.widths[i] = strlen(lines[j][i]);
	}
	if (!columns)
		return layout;
	for (size_t i = 0; i < sizeof(spare) / sizeof(spare[0]) && width_of(&layout) > columns; i++)
		layout.hidden[spare[i]] = says_nothing(lines, count, spare[i]);
	layout.below = width_of(&layout) > columns;
	return layout;
}

static void print_line(const struct out *out, const struct layout *layout, const line cells, const struct ps_row *row)
{
	enum column last = cells[WHERE][0] && !layout->below ? WHERE : TRACED;

	for (enum column i = 0; i <= last; i++)
		if (!layout->hidden[i])
			print_cell(out, i, row ? style_of(i, row) : OUT_DIM, cells[i], layout->widths[i], i == last);
	fputc('\n', out->stream);
	if (layout->below && row && cells[WHERE][0]) {
		fputs("    ", out->stream);
		out_print(out, OUT_BOLD, "%s\n", cells[WHERE]);
	}
}

void ps_print_table(const struct out *out, const struct ps_row *rows, size_t count, struct ps_places *places)
{
	line *lines = words_room((count + 1) * sizeof(line));
	struct layout layout;

	for (size_t j = 0; j < count; j++)
		fill(lines[j], &rows[j], places);
	layout = layout_for(lines, count, out_columns(out));
	for (enum column i = 0; i < COLUMNS; i++)
		put_text(lines[count][i], titles[i]);
	print_line(out, &layout, lines[count], NULL);
	for (size_t j = 0; j < count; j++)
		print_line(out, &layout, lines[j], &rows[j]);
	free(lines);
}

static json_object *owners_of(const struct ps_row *row)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < row->owner_count; i++) {
		const struct ps_process *process = process_of(row, i);
		json_object *owner = json_object_new_object();

		json_object_object_add(owner, "pid", json_object_new_int(process->pid));
		json_object_object_add(owner, "program", json_object_new_string(process->name));
		json_object_object_add(owner, "fd", json_object_new_int(row->owners[i].fd));
		json_object_object_add(owner, "traced", json_object_new_boolean(process->traced));
		json_object_array_add(list, owner);
	}
	return list;
}

static void add_text(json_object *object, const char *name, const char *text)
{
	if (text)
		json_object_object_add(object, name, json_object_new_string(text));
}

static void add_number(json_object *object, const char *name, int64_t value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

void ps_print_json(FILE *stream, const struct ps_row *rows, size_t count, struct ps_places *places)
{
	for (size_t i = 0; i < count; i++) {
		const struct ps_socket *socket = rows[i].socket;
		json_object *object = json_object_new_object();
		const struct ps_story *story;
		char local[CELL];
		char peer[CELL];

		put_address(local, &socket->local);
		put_address(peer, &socket->peer);
		story = story_of(&rows[i], places, local, peer);
		add_text(object, "state", spy_state_name((unsigned int)socket->state));
		if (socket->age_ms != PS_NO_AGE)
			add_number(object, "age_ms", socket->age_ms);
		if (socket->at_least)
			json_object_object_add(object, "age_at_least", json_object_new_boolean(true));
		if (socket->rest_ms != PS_NO_AGE)
			add_number(object, "rest_ms", socket->rest_ms);
		add_number(object, "recv_q", socket->receive_queue);
		add_number(object, "send_q", socket->send_queue);
		add_text(object, "local", local);
		add_text(object, "peer", peer);
		add_number(object, "uid", socket->uid);
		json_object_object_add(object, "owners", owners_of(&rows[i]));
		if (story) {
			add_text(object, "rule", story->rule);
			add_text(object, "place", story->place);
			add_text(object, "made", story->made);
			add_text(object, "last_call", story->last_call);
		}
		fprintf(stream, "%s\n",
			json_object_to_json_string_ext(object,
						       JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
	}
}
