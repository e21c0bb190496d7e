/*
 * Writing bytes to a descriptor, on behalf of a program that must not notice: no signal that it
 * would not have had, no errno, no wait without bound. Async-signal-safe, no lock.
 *
 * Both return how many bytes were written; where these are fewer than len, err has the reason.
 */
#ifndef SPY_SINK_OUTPUT_H
#define SPY_SINK_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* For a regular file, which raises no SIGPIPE. */
size_t spy_output_plain(int fd, const char *text, size_t len, int *err);

/* For anything: SIGPIPE and SIGXFSZ of the write are kept from the program. */
size_t spy_output_quietly(int fd, const char *text, size_t len, int *err);

/* Asks what limit there is on the size of files; true where there is one. Leaves errno alone. */
bool spy_output_note_limit(void);

#endif
