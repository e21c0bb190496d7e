/*
 * What the command refuses, with the reason and what to use instead; and what it says to those who
 * ask it wrongly.
 */
#include "../../support/test.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../../../include/tcpwaitspy/version.h"
#include "../../support/cli.h"

/* A program as the loader has it: 64 or 32 bits, with all parts in place. */
static unsigned char *program_image(size_t *len)
{
	unsigned char *image = (unsigned char *)file_read(file_built("tests/programs/script"), len);

	assert_non_null(image);
	return image;
}

static Elf64_Phdr *loader_header(unsigned char *image)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)image;
	Elf64_Phdr *parts = (Elf64_Phdr *)(void *)(image + header->e_phoff);

	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		test_skip("the images of this test are those of 64-bit machines");
	for (size_t i = 0; i < header->e_phnum; i++)
		if (parts[i].p_type == PT_INTERP)
			return &parts[i];
	test_fail("the program has no loader");
}

static const char *write_image(const char *name, const unsigned char *image, size_t len)
{
	const char *path = file_temp(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(image, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static void assert_refused(const char *program, int status, const char *pattern)
{
	struct run_result result = cli_run(NULL, "run", "--", program);

	run_assert_exit(&result, status);
	cli_assert_says(&result, pattern);
	assert_string_equal(result.out, "");
}

static void static_program_is_refused(void **state)
{
	size_t len;
	unsigned char *image = program_image(&len);

	(void)state;
	loader_header(image)->p_type = PT_NULL;
	assert_refused(write_image("static", image, len), 126,
		       "is statically linked.*instead: .*tcpwaitspy ps.*strace");
}

static void program_of_another_machine_is_refused(void **state)
{
	size_t len;
	unsigned char *image = program_image(&len);

	(void)state;
	((Elf64_Ehdr *)(void *)image)->e_machine = EM_S390;
	assert_refused(write_image("other", image, len), 126,
		       "is a program for s390 \\(64 bits\\), and .* is for .*instead:");
}

static void program_of_musl_is_refused(void **state)
{
	size_t len;
	unsigned char *image = program_image(&len);
	char *loader = (char *)image + loader_header(image)->p_offset;

	(void)state;
	assert_true(loader_header(image)->p_filesz > sizeof("/lib/ld-musl-x.so.1"));
	strcpy(loader, "/lib/ld-musl-x.so.1");
	assert_refused(write_image("musl", image, len), 126, "is linked with musl libc.*instead:");
}

static void program_without_its_loader_is_refused(void **state)
{
	size_t len;
	unsigned char *image = program_image(&len);
	char *loader = (char *)image + loader_header(image)->p_offset;

	(void)state;
	loader[1] = 'X';
	assert_refused(write_image("loaderless", image, len), 126, "its loader /Xib.* is not there");
}

static void privileged_programs_are_refused(void **state)
{
	size_t len;
	unsigned char *image = program_image(&len);
	const char *path = write_image("privileged", image, len);

	(void)state;
	assert_int_equal(chmod(path, 04755), 0);
	assert_refused(path, 126, "is set-uid.*instead: run a copy");
	assert_int_equal(chmod(path, 02755), 0);
	assert_refused(path, 126, "is set-gid.*instead: run a copy");
}

static void program_with_capabilities_is_refused(void **state)
{
	/* struct vfs_cap_data, revision 2: CAP_NET_RAW, permitted and effective. */
	static const unsigned char capabilities[20] = {1, 0, 0, 2, 0, 0x20};
	size_t len;
	unsigned char *image = program_image(&len);
	const char *path = write_image("capable", image, len);

	(void)state;
	if (setxattr(path, "security.capability", capabilities, sizeof(capabilities), 0) == -1)
		test_skip("file capabilities cannot be set here");
	assert_refused(path, 126, "has file capabilities.*instead: run a copy");
}

static void script_is_judged_by_its_interpreter(void **state)
{
	size_t len;
	unsigned char *image = program_image(&len);
	const char *interpreter;
	struct run_result result;

	(void)state;
	loader_header(image)->p_type = PT_NULL;
	interpreter = write_image("interpreter", image, len);
	file_write(file_temp("script"), memory_text("#! %s -x\n", interpreter));
	chmod(file_temp("script"), 0755);
	assert_refused(file_temp("script"), 126, "interpreter: is statically linked.*it interprets .*/script");
	file_write(file_temp("script"), "#!/no/such/interpreter\n");
	assert_refused(file_temp("script"), 127, "its interpreter /no/such/interpreter is not there");
	file_write(file_temp("script"), "#!/bin/sh\nexit 3\n");
	result = cli_run(NULL, file_temp("script"));
	run_assert_exit(&result, 3);
	/* Without a first line it is the shell's, as for execvp(). */
	file_write(file_temp("script"), "exit $1\n");
	result = cli_run(NULL, "./script", "4");
	run_assert_exit(&result, 4);
}

static void missing_and_unusable_files_have_the_shell_s_statuses(void **state)
{
	struct run_result result;

	(void)state;
	assert_refused("./nothing", 127, "\\./nothing: No such file");
	assert_refused("no-such-program-anywhere", 127, "not found in PATH");
	result = cli_run(NULL, "no-such-program-anywhere");
	run_assert_exit(&result, 127);
	cli_assert_says(&result, "is no command and no program in PATH");
	assert_refused("", 127, "no program is named so|not found");
	assert_refused(file_temp(""), 126, "is a directory");
	file_write(file_temp("text"), "");
	chmod(file_temp("text"), 0644);
	assert_refused(file_temp("text"), 126, "is not executable");
	file_write(file_temp("damaged"), "\177ELF and no more");
	chmod(file_temp("damaged"), 0755);
	assert_refused(file_temp("damaged"), 126, "is a damaged ELF file");
}

static void missing_shim_is_told(void **state)
{
	struct run_result result;

	(void)state;
	result = cli_run(NULL, "--library", "./none.so", "true");
	run_assert_exit(&result, 126);
	cli_assert_says(&result, "^tcpwaitspy: \\./none\\.so: No such file");
}

static void unknown_words_are_one_line_that_names_the_valid_ones(void **state)
{
	static const struct {
		const char *args[4];
		const char *says;
	} rows[] = {
		{{"rnu"}, "^tcpwaitspy: \"rnu\" is no command .*commands are run, .*; did you mean run\\?\n$"},
		{{"--clos-wait=3s", "true"},
		 "^tcpwaitspy: unknown option --clos-wait=3s; did you mean --close-wait\\? Valid are --quiet, "},
		{{"--su", "x", "true"}, "^tcpwaitspy: --su may be any of --suppressions --summary\n$"},
		{{"--log"}, "^tcpwaitspy: --log wants a value; see tcpwaitspy run --help\n$"},
		{{"--no-such"}, "^tcpwaitspy: unknown option --no-such; valid are --quiet, .*--close-wait, .*\n$"},
		{{"--format", "xml", "true"}, "^tcpwaitspy: --format: bad value \"xml\" .*text or json is valid\n$"},
		{{"--format=xml", "true"}, "^tcpwaitspy: --format: bad value \"xml\""},
		{{"--close-wait"}, "^tcpwaitspy: --close-wait wants a value"},
		{{"--rules", "-no-such", "true"}, "^tcpwaitspy: --rules: unknown rule \"-no-such\".*close-wait-leak"},
		{{"--color=blue", "true"},
		 "^tcpwaitspy: bad value \"blue\" for --color: auto, always or never is valid\n$"},
		{{"run"}, "^tcpwaitspy: no program; usage: "},
		{{"ps", "--no-such"}, "^tcpwaitspy: --no-such: valid are --all"},
		{{"ps", "x"}, "^tcpwaitspy: \"x\": one process id"},
		{{"ps", "--state", "OPEN"}, "^tcpwaitspy: no state is named \"OPEN\"; states are .*CLOSE_WAIT"},
		{{"explain", "--no-such"}, "^tcpwaitspy: --no-such: valid are"},
		{{"explain", "close-wait"},
		 "^tcpwaitspy: no rule is named \"close-wait\"; did you mean .*close-wait-leak"},
		{{"explain", "xyzzy"}, "^tcpwaitspy: no rule is named \"xyzzy\"; `tcpwaitspy explain` lists them\n$"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct run_result result = cli_run_args(NULL, rows[i].args);

		run_assert_exit(&result, 2);
		cli_assert_says(&result, rows[i].says);
		assert_string_equal(result.out, "");
	}
}

static void help_and_version_are_everywhere(void **state)
{
	static const char *const commands[] = {"run", "report", "ps", "explain"};
	struct run_result result;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		result = cli_run(NULL, commands[i], "--help");
		run_assert_exit(&result, 0);
		assert_true(test_matches(result.out, memory_text("^usage: tcpwaitspy .*%s.*Examples:", commands[i])));
		assert_string_equal(result.err, "");
		result = cli_run(NULL, commands[i], "--version");
		assert_string_equal(result.out, "tcpwaitspy " SPY_VERSION "\n");
		run_assert_exit(&result, 0);
	}
	result = cli_run(NULL, "--help");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		assert_true(test_matches(result.out, memory_text("\n  %s ", commands[i])));
	result = cli_run(NULL, "--version");
	assert_string_equal(result.out, "tcpwaitspy " SPY_VERSION "\n");
	run_assert_exit(&result, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(static_program_is_refused),
		TEST(program_of_another_machine_is_refused),
		TEST(program_of_musl_is_refused),
		TEST(program_without_its_loader_is_refused),
		TEST(privileged_programs_are_refused),
		TEST(program_with_capabilities_is_refused),
		TEST(script_is_judged_by_its_interpreter),
		TEST(missing_and_unusable_files_have_the_shell_s_statuses),
		TEST(missing_shim_is_told),
		TEST(unknown_words_are_one_line_that_names_the_valid_ones),
		TEST(help_and_version_are_everywhere),
	};

	return cmocka_run_group_tests_name("cli_refusals", tests, NULL, NULL);
}
