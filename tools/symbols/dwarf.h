/*
 * What a module's DWARF, or else its symbol table, says of an address.
 */
#ifndef TOOLS_SYMBOLS_DWARF_H
#define TOOLS_SYMBOLS_DWARF_H

#include <elfutils/libdwfl.h>

#include "../read/room.h"
#include "symbols.h"

/* More inlining than this at one address is cut. */
#define DWARF_FRAMES 32

/* Fills frames, innermost first, with texts of the room. Returns their number. */
size_t dwarf_frames(Dwfl_Module *module, Dwarf_Addr address, struct room *room,
		    struct symbols_frame frames[DWARF_FRAMES]);

#endif
