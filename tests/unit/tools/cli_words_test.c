/*
 * Tests of tools/cli: words, wrapped text, Markdown, texts made harmless, and settings as options.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../tools/cli/markdown.h"
#include "../../../tools/cli/out.h"
#include "../../../tools/cli/words.h"
#include "../../../tools/run/settings.h"

static char *written;
static size_t written_len;

static struct out to_memory(bool colors)
{
	free(written);
	written = NULL;
	return (struct out){.stream = open_memstream(&written, &written_len), .colors = colors};
}

static const char *text_of(const struct out *out)
{
	fclose(out->stream);
	return written;
}

static void distance_counts_slips_of_the_fingers(void **state)
{
	(void)state;
	assert_int_equal(words_distance("run", "run"), 0);
	assert_int_equal(words_distance("", "run"), 3);
	assert_int_equal(words_distance("rnu", "run"), 1); /* swapped */
	assert_int_equal(words_distance("close-wait-leek", "close-wait-leak"), 1);
	assert_int_equal(words_distance("doubleclose", "double-close"), 1);
	assert_true(words_are_near("rnu", "run"));
	assert_true(words_are_near("leak", "close-wait-leak"));
	assert_false(words_are_near("ps", "explain"));
	assert_false(words_are_near("xyzzy", "sigpipe"));
}

static void text_is_wrapped_behind_its_name(void **state)
{
	struct out out = to_memory(false);

	(void)state;
	fputs("  --a", out.stream);
	words_wrap(out.stream, "one two three", 5, 8, 16);
	fputs("  --longer", out.stream);
	words_wrap(out.stream, "four", 10, 8, 16);
	assert_string_equal(text_of(&out), "  --a   one two\n        three\n  --longer\n        four\n");
}

static void markdown_is_shown_without_its_marks(void **state)
{
	struct out out = to_memory(false);

	(void)state;
	markdown_show(&out,
		      "# name\n\nA `call` that\nleads to [other](other.md) things, and on.\n\n- one\n- two\n  more\n"
		      "```c\n\tif (a)\n\n```\n## Next\n",
		      30);
	assert_string_equal(text_of(&out), "name\n\nA call that leads to other\nthings, and on.\n\n- one\n- two more\n"
					   "            if (a)\n\nNext\n");
}

static void markdown_has_bold_headings_and_code(void **state)
{
	struct out out = to_memory(true);

	(void)state;
	markdown_show(&out, "## Why\nuse `close()`\n", 30);
	assert_string_equal(text_of(&out), "\033[1mWhy\033[0m\nuse \033[1mclose()\033[0m\n");
}

static void texts_cannot_steer_the_terminal(void **state)
{
	struct out out = to_memory(false);

	(void)state;
	out_plain(&out, OUT_ERROR, "\033[2Jforged\n==1== \xff");
	assert_null(strpbrk(text_of(&out), "\033\n\xff"));
	assert_non_null(strstr(written, "forged"));
}

static void settings_win_over_the_variable(void **state)
{
	struct settings settings;

	(void)state;
	setenv("TCPWAITSPY_OPTIONS", "stack=3:close_wait=9s", 1);
	settings_begin(&settings);
	for (unsigned int i = 0; i < settings_count(); i++) {
		assert_null(strchr(settings_name(i), '_'));
		if (strcmp(settings_name(i), "close-wait") == 0)
			assert_true(settings_give(&settings, i, "2s"));
		if (strcmp(settings_name(i), "suppressions") == 0)
			assert_true(settings_give(&settings, i, "/a:b.supp"));
	}
	assert_string_equal(settings.text, "stack=3:close_wait=9s:close_wait=2s:suppressions=/a\\:b.supp");
	assert_int_equal(settings.options.stack_frames, 3);
	assert_int_equal(settings.options.close_wait_ns, INT64_C(2000000000));
	assert_string_equal(settings.options.suppressions, "/a:b.supp");
	settings_end(&settings);
	unsetenv("TCPWAITSPY_OPTIONS");
}

static void every_setting_but_help_is_an_option(void **state)
{
#define OPTION(key, kind, field, value, meaning) key,
	static const char *const keys[] = {
#include "../../../include/tcpwaitspy/options.def"
	};

	(void)state;
	assert_int_equal(settings_count(), sizeof(keys) / sizeof(keys[0]) - 1);
	for (unsigned int i = 0; i < settings_count(); i++)
		assert_string_not_equal(settings_name(i), "help");
}

static int release(void **state)
{
	(void)state;
	free(written);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_counts_slips_of_the_fingers),
		cmocka_unit_test(text_is_wrapped_behind_its_name),
		cmocka_unit_test(markdown_is_shown_without_its_marks),
		cmocka_unit_test(markdown_has_bold_headings_and_code),
		cmocka_unit_test(texts_cannot_steer_the_terminal),
		cmocka_unit_test(settings_win_over_the_variable),
		cmocka_unit_test(every_setting_but_help_is_an_option),
	};

	return cmocka_run_group_tests_name("cli_words", tests, NULL, release);
}
