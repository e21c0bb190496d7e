/*
 * Tests of shim/sink/path.h: what %p and %e come to, and that a directory's own percent signs are none of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../shim/sink/path.h"

static const char *expand(const struct spy_path *path, int32_t pid)
{
	static char room[SPY_PATH_ROOM];
	struct spy_buf buf = SPY_BUF(room);

	spy_path_expand(path, pid, &buf);
	return spy_buf_cstr(&buf);
}

static void pid_and_program_are_put_in(void **state)
{
	struct spy_path path;

	(void)state;
	spy_path_set_program(&path, "my/app");
	spy_path_set(&path, "/run/%e.%p.100%%.%x%");
	assert_string_equal(expand(&path, 4711), "/run/my_app.4711.100%.x%");
}

static void a_path_with_percent_p_is_another_for_each_process(void **state)
{
	static const struct {
		const char *template;
		bool has_pid;
	} cases[] = {
		{"/a.%p", true}, {"/a.%%p", false}, {"/a.%%%p", true}, {"/a.%e", false}, {"/a%", false}, {"/p", false},
	};
	struct spy_path path;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		spy_path_set(&path, cases[i].template);
		assert_int_equal(spy_path_has_pid(&path), cases[i].has_pid);
	}
}

static void a_relative_path_begins_in_the_directory_of_the_start(void **state)
{
	char directory[] = "/tmp/spy-path-XXXXXX";
	char expected[64];
	struct spy_path path;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(mkdir("%p", 0700), 0);
	assert_int_equal(chdir("%p"), 0);
	spy_path_set(&path, "app.%p");
	assert_int_equal(chdir("/"), 0);
	snprintf(expected, sizeof(expected), "%s/%%p/app.7", directory);
	assert_string_equal(expand(&path, 7), expected);
	*strrchr(expected, '/') = '\0';
	assert_int_equal(rmdir(expected), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest path[] = {
		cmocka_unit_test(pid_and_program_are_put_in),
		cmocka_unit_test(a_path_with_percent_p_is_another_for_each_process),
		cmocka_unit_test(a_relative_path_begins_in_the_directory_of_the_start),
	};

	return cmocka_run_group_tests_name("path", path, NULL, NULL);
}
