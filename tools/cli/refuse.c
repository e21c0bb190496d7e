/*
 * See refuse.h.
 */
#include "refuse.h"

#include <stdio.h>
#include <string.h>

#include "command.h"

int refuse_option(const char *command, const char *given, const struct option *options, bool known)
{
	if (known) {
		fprintf(stderr, "tcpwaitspy: %s wants a value, or is ambiguous; see tcpwaitspy %s --help\n", given,
			command);
		return STATUS_USAGE;
	}
	fprintf(stderr, "tcpwaitspy: unknown option %s; valid are", given);
	for (const struct option *option = options; option->name; option++)
		if (!strchr(option->name, '_')) /* a second spelling */
			fprintf(stderr, "%s --%s", option == options ? "" : ",", option->name);
	fputc('\n', stderr);
	return STATUS_USAGE;
}
