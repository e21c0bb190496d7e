/*
 * A socket with all that is known of it, and how it is shown.
 */
#ifndef TOOLS_PS_ROW_H
#define TOOLS_PS_ROW_H

#include "../cli/out.h"
#include "dump.h"
#include "owner.h"
#include "place.h"

struct ps_row {
	const struct ps_socket *socket;
	const struct ps_owner *owners; /* NULL: none is known */
	size_t owner_count;
	const struct ps_owners *all;
};

#define PS_CELL 512

/* What the log says of it: the finding and its place, or where it was made. Leaves the cell alone where that is nothing. */
void ps_where(const struct ps_row *row, struct ps_places *places, char cell[PS_CELL]);

/* The table, with the places that logs of traced processes tell. */
void ps_print_table(const struct out *out, const struct ps_row *rows, size_t count, struct ps_places *places);
/* A row for those of a process that are in one state and came from one place, with their number; most first. */
void ps_print_counts(const struct out *out, const struct ps_row *rows, size_t count, struct ps_places *places);
/* The same as JSON Lines. */
void ps_print_json(FILE *stream, const struct ps_row *rows, size_t count, struct ps_places *places);

#endif
