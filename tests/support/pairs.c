/*
 * Pairs of programs, found by their names; see pairs.h.
 */
#include "pairs.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

#define PROGRAMS_MAX 256

static const char *const rules[] = {
#define RULE(id, name, severity, ops, often, message, remedy, source) name,
#include "../../include/tcpwaitspy/rules.def"
};

bool pairs_is_rule(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (strcmp(rules[i], name) == 0)
			return true;
	}
	return false;
}

const char *pairs_top_of(json_object *finding, const char *stack)
{
	json_object *frames = log_member(log_member(finding, "stacks"), stack);

	if (!frames || json_object_array_length(frames) == 0)
		return "";
	return log_text(json_object_array_get_idx(frames, 0), "function");
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

static int is_program(const struct dirent *entry)
{
	return ends_with(entry->d_name, ".bad.c") || ends_with(entry->d_name, ".good.c");
}

int pairs_run(const char *group, const char *folder, void (*bad)(void **), void (*good)(void **))
{
	static struct CMUnitTest programs[PROGRAMS_MAX];
	static char names[PROGRAMS_MAX][96];
	struct dirent **files;
	int count = scandir(file_source(folder), &files, is_program, alphasort);

	if (count <= 0 || count > PROGRAMS_MAX) {
		print_error("%s has %d programs\n", folder, count);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		char *program = files[i]->d_name;
		bool is_bad = ends_with(program, ".bad.c");

		program[strlen(program) - 2] = '\0';
		snprintf(names[i], sizeof(names[i]), "%.64s %s", program,
			 is_bad ? "is told at its function" : "is silent");
		programs[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = is_bad ? bad : good,
			.teardown_func = test_teardown,
			.initial_state = program,
		};
	}
	/* CMocka counts the array that it is given, and ours is as long as the directory. */
	return _cmocka_run_group_tests(group, programs, (size_t)count, NULL, NULL);
}
