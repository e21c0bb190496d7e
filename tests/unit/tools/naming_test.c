/*
 * Tests of tools/symbols: a small program is compiled with inlined functions, stripped, and split from its
 * debug information; it prints the return address that is looked up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../tools/read/function.h"
#include "../../../tools/symbols/symbols.h"

static const char source[] = "#include <stdio.h>\n"
			     "extern char __executable_start[];\n"
			     "__attribute__((noinline)) static void probe(void)\n"
			     "{\n"
			     "	printf(\"%lu\\n\", (char *)__builtin_return_address(0) - __executable_start);\n"
			     "}\n"
			     "static inline __attribute__((always_inline)) void inner(void)\n"
			     "{\n"
			     "	probe();	/* the innermost line */\n"
			     "	printf(\".\");\n"
			     "}\n"
			     "static inline __attribute__((always_inline)) void middle(void)\n"
			     "{\n"
			     "	inner();	/* line 14 */\n"
			     "	printf(\"!\\n\");\n"
			     "}\n"
			     "int main(void)\n"
			     "{\n"
			     "	middle();	/* line 19 */\n"
			     "	return 0;\n"
			     "}\n";

static const char cplusplus[] = "#include <cstdio>\n"
				"extern \"C\" char __executable_start[];\n"
				"namespace net { struct Pool { __attribute__((noinline)) void take(); }; }\n"
				"__attribute__((noinline)) static void probe()\n"
				"{ printf(\"%lu\\n\", (char *)__builtin_return_address(0) - __executable_start); }\n"
				"void net::Pool::take() {\n"
				"	probe();\n"
				"	printf(\".\");\n"
				"}\n"
				"int main() { net::Pool pool; pool.take(); }\n";

struct lab {
	char directory[64];
	struct symbols *symbols;
};

static int open_lab(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	strcpy(lab->directory, "/tmp/naming-XXXXXX");
	lab->symbols = symbols_open();
	*state = lab;
	return mkdtemp(lab->directory) ? 0 : -1;
}

static int close_lab(void **state)
{
	struct lab *lab = *state;
	char command[128];
	int status;

	symbols_close(lab->symbols);
	snprintf(command, sizeof(command), "rm -rf %s", lab->directory);
	status = system(command);
	free(lab);
	return status;
}

static void in_lab(const struct lab *lab, const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", lab->directory, command);
	assert_int_equal(system(line), 0);
}

/* Compiles the text and returns the address that the program prints. */
static uint64_t make(const struct lab *lab, const char *name, const char *text, const char *command)
{
	char path[128];
	char answer[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", lab->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	in_lab(lab, command);
	snprintf(path, sizeof(path), "%s/app", lab->directory);
	file = popen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(answer, sizeof(answer), file));
	pclose(file);
	return strtoull(answer, NULL, 10);
}

static const char *in(const struct lab *lab, const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", lab->directory, name);
	return path;
}

static size_t find(const struct lab *lab, const char *build_id, uint64_t offset, const struct symbols_frame **frames)
{
	return symbols_find(lab->symbols, in(lab, "app"), build_id, offset, frames);
}

static void assert_inlined(const struct lab *lab, const struct symbols_frame *frames, size_t count)
{
	assert_int_equal(count, 3);
	assert_string_equal(frames[0].function, "inner");
	assert_string_equal(frames[1].function, "middle");
	assert_string_equal(frames[2].function, "main");
	assert_string_equal(frames[0].file, in(lab, "app.c"));
	assert_string_equal(frames[2].file, in(lab, "app.c"));
	assert_int_equal(frames[0].line, 9);
	assert_int_equal(frames[1].line, 14);
	assert_int_equal(frames[2].line, 19);
	assert_true(frames[0].inlined);
	assert_true(frames[1].inlined);
	assert_false(frames[2].inlined);
}

#define COMPILE "cc -g -O2 -Wl,--build-id=0x0102030405060708 app.c -o app"

static void inlined_functions_are_frames_of_their_own(void **state)
{
	const struct lab *lab = *state;
	uint64_t offset = make(lab, "app.c", source, COMPILE);
	const struct symbols_frame *frames;
	const char *const *troubles;
	size_t count = find(lab, "0102030405060708", offset, &frames);

	assert_inlined(lab, frames, count);
	assert_string_equal(symbols_source_line(lab->symbols, frames[0].file, frames[0].line),
			    "probe();	/* the innermost line */");
	assert_int_equal(symbols_troubles(lab->symbols, &troubles), 0);
}

static void a_program_without_pie_has_the_same_names(void **state)
{
	const struct lab *lab = *state;
	const uint64_t linked_at = 0x400000;
	uint64_t offset = make(lab, "app.c", source, COMPILE " -no-pie -fno-pie");
	const struct symbols_frame *frames;
	size_t count = find(lab, "0102030405060708", linked_at + offset, &frames);

	assert_inlined(lab, frames, count);
}

static void debug_information_is_found_by_the_link_to_it(void **state)
{
	const struct lab *lab = *state;
	uint64_t offset = make(lab, "app.c", source,
			       COMPILE " && objcopy --only-keep-debug app app.debug && strip app"
				       " && objcopy --add-gnu-debuglink=app.debug app");
	const struct symbols_frame *frames;
	size_t count = find(lab, "0102030405060708", offset, &frames);

	assert_inlined(lab, frames, count);
}

/* As a build server keeps them: by build id, or by the name that is linked to. */
static void debug_information_is_found_in_a_directory_of_its_own(void **state)
{
	static const char *const keep[] = {
		" && mkdir -p kept/.build-id/01 && mv app.debug kept/.build-id/01/02030405060708.debug && strip app",
		" && mkdir -p kept && strip app && objcopy --add-gnu-debuglink=app.debug app && mv app.debug kept",
		" && mkdir -p kept/.build-id/01 && mv app.debug kept/.build-id/01/02030405060708.debug && mv app gone",
	};
	const struct lab *lab = *state;
	const char *const *troubles;

	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
		struct symbols *symbols = symbols_open();
		const struct symbols_frame *frames;
		uint64_t offset = make(lab, "app.c", source, COMPILE);
		size_t count;

		in_lab(lab, "rm -rf kept && objcopy --only-keep-debug app app.debug");
		in_lab(lab, keep[i] + 4);
		symbols_look_in(symbols, in(lab, "kept"));
		count = symbols_find(symbols, in(lab, "app"), "0102030405060708", offset, &frames);
		assert_inlined(lab, frames, count);
		assert_int_equal(symbols_troubles(symbols, &troubles), 0);
		symbols_close(symbols);
	}
	symbols_look_in(lab->symbols, in(lab, "nowhere"));
	assert_int_equal(symbols_troubles(lab->symbols, &troubles), 1);
	assert_non_null(strstr(troubles[0], "nowhere: No such file or directory: no debug information from there"));
}

static void a_stripped_program_has_no_names(void **state)
{
	const struct lab *lab = *state;
	uint64_t offset = make(lab, "app.c", source, COMPILE " -s");
	const struct symbols_frame *frames;

	assert_int_equal(find(lab, "0102030405060708", offset, &frames), 0);
	assert_null(frames);
}

static void without_debug_information_the_symbol_table_names_the_function(void **state)
{
	const struct lab *lab = *state;
	uint64_t offset = make(lab, "app.c", source, COMPILE " -g0");
	const struct symbols_frame *frames;

	assert_int_equal(find(lab, "0102030405060708", offset, &frames), 1);
	assert_string_equal(frames[0].function, "main");
	assert_null(frames[0].file);
	assert_int_equal(frames[0].line, 0);
}

static void another_build_is_not_used_and_said_once(void **state)
{
	const struct lab *lab = *state;
	uint64_t offset = make(lab, "app.c", source, COMPILE);
	const struct symbols_frame *frames;
	const char *const *troubles;

	assert_int_equal(find(lab, "99aa", offset, &frames), 0);
	assert_int_equal(find(lab, "99aa", offset + 1, &frames), 0);
	assert_int_equal(symbols_troubles(lab->symbols, &troubles), 1);
	assert_non_null(
		strstr(troubles[0], "is another build than the one logged (build id 010203040506, logged 99aa)"));
	assert_int_equal(find(lab, NULL, offset, &frames), 3);
}

static void what_is_no_elf_file_or_not_there_is_said(void **state)
{
	const struct lab *lab = *state;
	const struct symbols_frame *frames;
	const char *const *troubles;

	in_lab(lab, "mkfifo pipe && echo text >text");
	assert_int_equal(symbols_find(lab->symbols, in(lab, "pipe"), NULL, 5, &frames), 0);
	assert_int_equal(symbols_find(lab->symbols, in(lab, "text"), NULL, 5, &frames), 0);
	assert_int_equal(symbols_find(lab->symbols, in(lab, "none"), "../../x", 5, &frames), 0);
	assert_int_equal(symbols_find(lab->symbols, NULL, NULL, 5, &frames), 0);
	assert_int_equal(symbols_troubles(lab->symbols, &troubles), 3);
	assert_non_null(strstr(troubles[2], "/none: No such file or directory"));
}

static void methods_have_their_class_and_namespace(void **state)
{
	const struct lab *lab = *state;
	const struct symbols_frame *frames;
	uint64_t offset;

	if (system("c++ --version >/dev/null 2>&1") != 0)
		skip();
	offset = make(lab, "app.cc", cplusplus, "c++ -g -O2 app.cc -o app");
	assert_int_equal(find(lab, NULL, offset, &frames), 1);
	assert_string_equal(frames[0].function, "net::Pool::take");
	assert_int_equal(frames[0].line, 7);
}

static void methods_are_named_without_debug_information(void **state)
{
	const struct lab *lab = *state;
	const struct symbols_frame *frames;
	uint64_t offset;

	if (system("c++ --version >/dev/null 2>&1") != 0)
		skip();
	offset = make(lab, "app.cc", cplusplus, "c++ -O2 app.cc -o app");
	assert_int_equal(find(lab, NULL, offset, &frames), 1);
	assert_string_equal(frames[0].function, "net::Pool::take");
	assert_null(frames[0].file);
}

static void names_are_those_of_the_source(void **state)
{
	static const struct {
		const char *linked, *plain;
	} names[] = {
		{"_ZN3net4Pool4takeEv", "net::Pool::take"},
		{"_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back"},
		{"_ZN3net4Pool4takeEv.cold", "net::Pool::take"},
		{"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
		{"handle_client", "handle_client"},
		{"main.cold", "main.cold"},
		{"_Zebra", "_Zebra"},
		{"_ZN3net4Pool4ta", "_ZN3net4Pool4ta"}, /* cut in the log */
		{"", ""},
	};
	struct room room = {NULL, NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(function_plain(names[i].linked, &room), names[i].plain);
	assert_null(function_plain(NULL, &room));
	room_close(&room);
}

static void source_lines_beyond_the_file_are_none(void **state)
{
	const struct lab *lab = *state;

	in_lab(lab, "printf 'one\\n\\t two\\n\\nfour' >text; mkfifo pipe");
	assert_string_equal(symbols_source_line(lab->symbols, in(lab, "text"), 1), "one");
	assert_string_equal(symbols_source_line(lab->symbols, in(lab, "text"), 2), "two");
	assert_string_equal(symbols_source_line(lab->symbols, in(lab, "text"), 3), "");
	assert_string_equal(symbols_source_line(lab->symbols, in(lab, "text"), 4), "four");
	assert_null(symbols_source_line(lab->symbols, in(lab, "text"), 5));
	assert_null(symbols_source_line(lab->symbols, in(lab, "text"), 0));
	assert_null(symbols_source_line(lab->symbols, in(lab, "pipe"), 1));
	assert_null(symbols_source_line(lab->symbols, in(lab, "none"), 1));
	assert_null(symbols_source_line(lab->symbols, NULL, 1));
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(inlined_functions_are_frames_of_their_own),
		LAB(a_program_without_pie_has_the_same_names),
		LAB(debug_information_is_found_by_the_link_to_it),
		LAB(debug_information_is_found_in_a_directory_of_its_own),
		LAB(a_stripped_program_has_no_names),
		LAB(without_debug_information_the_symbol_table_names_the_function),
		LAB(another_build_is_not_used_and_said_once),
		LAB(what_is_no_elf_file_or_not_there_is_said),
		LAB(methods_have_their_class_and_namespace),
		LAB(methods_are_named_without_debug_information),
		cmocka_unit_test(names_are_those_of_the_source),
		LAB(source_lines_beyond_the_file_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
