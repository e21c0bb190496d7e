/*
 * What a command says of options that it cannot take.
 */
#ifndef TOOLS_CLI_REFUSE_H
#define TOOLS_CLI_REFUSE_H

#include <getopt.h>
#include <stdbool.h>

/*
 * One line on stderr about what getopt_long() refused: that a known option of `command` wants a value, or
 * which ones are valid and which was probably meant, or which ones a name cut short may be. Returns STATUS_USAGE.
 */
int refuse_option(const char *command, const char *given, const struct option *options, bool known);

#endif
