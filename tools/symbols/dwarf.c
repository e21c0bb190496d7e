/*
 * Functions, lines and what was inlined, from a module's DWARF; see dwarf.h.
 *
 * The line table tells the innermost position. Each inlined function's entry tells where it was called,
 * which is the position in the function around it.
 */
#include "dwarf.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../read/function.h"

#define PATH_ROOM 4096

static const char *absolute(struct room *room, const char *directory, const char *file)
{
	char path[PATH_ROOM];
	int len;

	if (!file)
		return NULL;
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	if (*file == '/' || !directory)
		return room_text(room, file, strlen(file));
	len = snprintf(path, sizeof(path), "%s/%s", directory, file);
	return len < (int)sizeof(path) ? room_text(room, path, (size_t)len) : room_text(room, file, strlen(file));
}

static const char *unit_directory(Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

/* The entry that an inlined copy or a definition outside its class stands for, where it has its name and its scope. */
static void go_to_declaration(Dwarf_Die *die)
{
	static const unsigned int links[] = {DW_AT_abstract_origin, DW_AT_specification};
	Dwarf_Attribute attribute;
	Dwarf_Die target;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (dwarf_attr(die, links[i], &attribute) && dwarf_formref_die(&attribute, &target))
			*die = target;
}

/* With the namespaces and classes around it, of which C has none. */
static const char *function_name(Dwarf_Die *die, struct room *room)
{
	char name[PATH_ROOM] = "";
	const char *own = dwarf_diename(die);
	Dwarf_Die declaration = *die;
	Dwarf_Die *scopes = NULL;
	size_t len = 0;
	int count;

	if (!own)
		return NULL;
	go_to_declaration(&declaration);
	count = dwarf_getscopes_die(&declaration, &scopes);
	for (int i = count - 1; i > 0; i--) {
		int tag = dwarf_tag(&scopes[i]);
		const char *outer = dwarf_diename(&scopes[i]);

		if (!outer || (tag != DW_TAG_namespace && tag != DW_TAG_class_type && tag != DW_TAG_structure_type))
			continue;
		len += (size_t)snprintf(name + len, sizeof(name) - len, "%s::", outer);
		if (len >= sizeof(name))
			len = sizeof(name) - 1;
	}
	free(scopes);
	snprintf(name + len, sizeof(name) - len, "%s", own);
	return room_text(room, name, strlen(name));
}

static int number_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	return dwarf_formudata(dwarf_attr(die, name, &attribute), &value) == 0 ? (int)value : 0;
}

/* Where an inlined function was called. */
static void go_to_call(Dwarf_Die *inlined, Dwarf_Die *unit, struct room *room, struct symbols_frame *frame)
{
	Dwarf_Files *files;
	size_t count;
	int file = number_of(inlined, DW_AT_call_file);

	frame->file = NULL;
	if (dwarf_getsrcfiles(unit, &files, &count) == 0 && file >= 0 && (size_t)file < count)
		frame->file = absolute(room, unit_directory(unit), dwarf_filesrc(files, (size_t)file, NULL, NULL));
	frame->line = number_of(inlined, DW_AT_call_line);
	frame->column = number_of(inlined, DW_AT_call_column);
}

static void find_position(Dwfl_Module *module, Dwarf_Addr address, struct room *room, struct symbols_frame *frame)
{
	Dwfl_Line *line = dwfl_module_getsrc(module, address);
	const char *file = line ? dwfl_lineinfo(line, NULL, &frame->line, &frame->column, NULL, NULL) : NULL;

	frame->file = file ? absolute(room, dwfl_line_comp_dir(line), file) : NULL;
}

/* The entries around an address, innermost first, as they are nested in the machine's code. */
static int scopes_at(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **scopes)
{
	Dwarf_Die innermost;
	int count = dwarf_getscopes(unit, address, scopes);

	if (count <= 0)
		return 0;
	/* Those are, around what was inlined, the scopes of its source. Asked by entry, they are the code's. */
	innermost = (*scopes)[0];
	free(*scopes);
	*scopes = NULL;
	return dwarf_getscopes_die(&innermost, scopes);
}

static size_t symbol_frame(Dwfl_Module *module, Dwarf_Addr address, struct room *room, struct symbols_frame *frame)
{
	const char *name = frame->function ? NULL : dwfl_module_addrname(module, address);

	if (name)
		frame->function = function_plain(room_text(room, name, strlen(name)), room);
	return frame->function || frame->file ? 1 : 0;
}

size_t dwarf_frames(Dwfl_Module *module, Dwarf_Addr address, struct room *room,
		    struct symbols_frame frames[DWARF_FRAMES])
{
	struct symbols_frame now = {0};
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, &bias);
	Dwarf_Die *scopes = NULL;
	int scope_count = unit ? scopes_at(unit, address - bias, &scopes) : 0;
	size_t count = 0;

	find_position(module, address, room, &now);
	for (int i = 0; i < scope_count && count < DWARF_FRAMES; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
			continue;
		now.function = function_name(&scopes[i], room);
		now.inlined = tag == DW_TAG_inlined_subroutine;
		frames[count++] = now;
		if (!now.inlined)
			break;
		go_to_call(&scopes[i], unit, room, &now);
	}
	free(scopes);
	if (count)
		return count;
	frames[0] = now;
	return symbol_frame(module, address, room, &frames[0]);
}
