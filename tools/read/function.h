/*
 * Names of functions as their authors wrote them: the logs have what the linker has.
 */
#ifndef TOOLS_READ_FUNCTION_H
#define TOOLS_READ_FUNCTION_H

#include "room.h"

/*
 * "net::Pool::take" for "_ZN3net4Pool4takeEv": C++, Rust and D, without arguments, as debug information
 * has it. Any other name is returned as it is; one that was cut in a log is such a name.
 * What is made is the room's.
 */
const char *function_plain(const char *name, struct room *room);

#endif
