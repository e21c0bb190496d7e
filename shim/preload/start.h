/*
 * How a process starts; and what it was started as.
 *
 * Written by the constructor alone, read without a lock after.
 */
#ifndef SPY_PRELOAD_START_H
#define SPY_PRELOAD_START_H

/* The program's file and the settings as they were given, for the process record. */
const char *spy_start_exe(void);
const char *spy_start_options(void);

#endif
