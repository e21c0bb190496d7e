/*
 * See refuse.h.
 */
#include "refuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "words.h"

/* One with an underscore is the second spelling of another. */
static bool is_listed(const struct option *option)
{
	return !strchr(option->name, '_');
}

/* What was probably meant: the nearest of them; NULL: none is near. */
static const char *meant(const struct option *options, const char *name)
{
	const char *nearest = NULL;

	for (const struct option *option = options; option->name; option++)
		if (is_listed(option) && words_are_near(name, option->name) &&
		    (!nearest || words_distance(name, option->name) < words_distance(name, nearest)))
			nearest = option->name;
	return nearest;
}

/* How many begin with what was given: more than one is why it is not known. Prints them. */
static bool is_ambiguous(const struct option *options, const char *given, const char *name)
{
	size_t len = strlen(name);
	size_t count = 0;

	for (const struct option *option = options; option->name; option++)
		count += len && is_listed(option) && strncmp(option->name, name, len) == 0;
	if (count < 2)
		return false;
	fprintf(stderr, "tcpwaitspy: %s may be any of", given);
	for (const struct option *option = options; option->name; option++)
		if (is_listed(option) && strncmp(option->name, name, len) == 0)
			fprintf(stderr, " --%s", option->name);
	fputc('\n', stderr);
	return true;
}

int refuse_option(const char *command, const char *given, const struct option *options, bool known)
{
	char *name = words_copy(strncmp(given, "--", 2) == 0 ? given + 2 : "");
	const char *near;

	name[strcspn(name, "=")] = '\0';
	near = *name ? meant(options, name) : NULL;
	if (known) {
		fprintf(stderr, "tcpwaitspy: %s wants a value; see tcpwaitspy %s --help\n", given, command);
	} else if (!is_ambiguous(options, given, name)) {
		fprintf(stderr, "tcpwaitspy: unknown option %s; ", given);
		if (near)
			fprintf(stderr, "did you mean --%s? Valid are", near);
		else
			fprintf(stderr, "valid are");
		for (const struct option *option = options; option->name; option++)
			if (is_listed(option))
				fprintf(stderr, "%s --%s", option == options ? "" : ",", option->name);
		fputc('\n', stderr);
	}
	free(name);
	return STATUS_USAGE;
}
