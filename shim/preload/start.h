/*
 * How a process starts; and what it was started as.
 *
 * Written by the constructor alone, read without a lock after.
 */
#ifndef SPY_PRELOAD_START_H
#define SPY_PRELOAD_START_H

#include <stdbool.h>

/* The program's file and the settings as they were given, for the process record. */
const char *spy_start_exe(void);
const char *spy_start_options(void);

/* The name that the program was started by; "" where it is not known. */
const char *spy_start_name(void);
/* True where the first two arguments of argv are those that this program was started with. Signals: safe. */
bool spy_start_has_arguments(char *const argv[]);

#endif
