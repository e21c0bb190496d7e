/*
 * The command as other tools are: installed, removed, packaged, with manual pages and completion that
 * have every option.
 */
#include "../../support/test.h"

#include <stdio.h>
#include <string.h>

#include "../../../include/tcpwaitspy/version.h"
#include "../../support/cli.h"

static struct run_result shell(const char *command)
{
	struct run_spec spec = {.argv = {"bash", "-c", command}, .plain = true};

	return run(&spec);
}

static struct run_result shell_well(const char *command)
{
	struct run_result result = shell(command);

	if (result.status != 0)
		test_fail("%s\nended with status %d:\n%s%s", command, result.status, result.out, result.err);
	return result;
}

/* make in the sources, as somebody else's shell would call it. */
static const char *make_command(const char *arguments)
{
	const char *build = getenv("TCPWAITSPY_BUILD");

	return memory_text("cd '%s' && env -u MAKEFLAGS -u MAKELEVEL make -s BUILD='%s' %s", file_source(""),
			   build ? build : "build", arguments);
}

static void assert_runs_from(const char *root)
{
	struct run_result result;

	result = shell_well(memory_text("echo '%s' | '%s/bin/tcpwaitspy' -- '%s'", "s=socket 4 stream; close s", root,
					file_built("tests/programs/script")));
	cli_assert_says(&result, "socket\\(AF_INET, SOCK_STREAM, 0\\) = 3");
	cli_assert_says(&result, "SUMMARY: tcpwaitspy: 0 errors");
}

static void installed_command_works_and_uninstall_leaves_nothing(void **state)
{
	const char *root = file_temp("root");
	struct run_result result;

	(void)state;
	shell_well(make_command(memory_text("install DESTDIR='%s' PREFIX=/opt/x", root)));
	assert_runs_from(memory_text("%s/opt/x", root));
	shell_well(memory_text("cmp %s %s/opt/x/lib/libtcpwaitspy.so", file_built("libtcpwaitspy.so"), root));
	result = shell_well(
		memory_text("sed -n 's/^prefix=//p; s/^Version: //p' %s/opt/x/share/pkgconfig/tcpwaitspy.pc", root));
	assert_string_equal(result.out, "/opt/x\n" SPY_VERSION "\n");
	shell_well(memory_text("echo '#include <tcpwaitspy.h>' | cc -fsyntax-only -I %s/opt/x/include -x c -", root));
	shell_well(make_command(memory_text("uninstall DESTDIR='%s' PREFIX=/opt/x", root)));
	result = shell_well(memory_text("find '%s' ! -type d", root));
	assert_string_equal(result.out, "");
}

static void package_installs_runs_and_is_removed(void **state)
{
	const char *root = file_temp("system");
	const char *build = file_built("libtcpwaitspy.so");
	struct run_result result;

	(void)state;
	test_require("dpkg-deb");
	if (shell("test $(id -u) = 0").status != 0)
		test_skip("without root no package can be installed");
	shell_well(make_command("deb"));
	/* A system of its own that has what this one has, as far as dependencies go. */
	shell_well(memory_text(
		"mkdir -p '%s'/var/lib/dpkg/{info,updates} && cp /var/lib/dpkg/status '%s'/var/lib/dpkg/", root, root));
	shell_well(
		memory_text("dpkg --root='%s' -i \"$(dirname '%s')\"/tcpwaitspy_" SPY_VERSION "_*.deb", root, build));
	assert_runs_from(memory_text("%s/usr", root));
	result = shell_well(
		memory_text("dpkg-query --admindir='%s'/var/lib/dpkg -W -f '${Version} ${Depends}' tcpwaitspy", root));
	assert_true(test_matches(result.out, "^" SPY_VERSION " .*libc6 .*libdw1 .*libelf1 .*libjson-c5 "));
	shell_well(memory_text("dpkg --root='%s' -r tcpwaitspy", root));
	result = shell_well(memory_text("find '%s'/usr ! -type d; find '%s' -name '*tcpwaitspy*'", root, root));
	assert_string_equal(result.out, "");
}

/* As many as `tcpwaitspy --help` lists, so that a new one must be in the pages, too. */
#define COMMANDS_MAX 8

static size_t read_commands(const char *commands[COMMANDS_MAX])
{
	struct run_result result = shell_well(memory_text(
		"'%s' --help | sed -n 's/^  \\([a-z]\\{2,\\}\\)  *[a-z].*/\\1/p'", file_built("tcpwaitspy")));
	size_t count = 0;

	for (char *name = strtok(result.out, "\n"); name; name = strtok(NULL, "\n")) {
		assert_true(count < COMMANDS_MAX);
		commands[count++] = name;
	}
	assert_true(count >= 3);
	return count;
}

/* All options that a command's help names, a line each without the dashes. */
static char *options_of(const char *command)
{
	struct run_result result;

	result = shell_well(
		memory_text("'%s' %s --help | sed -n 's/^  *\\(-[a-zA-Z], \\)\\{0,1\\}--\\([a-z-]*\\).*/\\2/p'",
			    file_built("tcpwaitspy"), command));
	assert_true(result.out_len > 0);
	return result.out;
}

static void manual_pages_are_well_formed(void **state)
{
	struct run_result result;

	(void)state;
	test_require("mandoc");
	result = shell_well(memory_text("mandoc -Tlint -W warning '%s' '%s'", file_source("docs/man/tcpwaitspy.1"),
					file_source("docs/man/libtcpwaitspy.7")));
	assert_string_equal(result.out, "");
}

static void manual_pages_have_every_setting_and_option(void **state)
{
#define OPTION(key, kind, field, value, meaning) key,
	static const char *const keys[] = {
#include "../../../include/tcpwaitspy/options.def"
	};
	char *library = file_read(file_source("docs/man/libtcpwaitspy.7"), NULL);
	char *command = file_read(file_source("docs/man/tcpwaitspy.1"), NULL);
	const char *commands[COMMANDS_MAX];
	size_t count = read_commands(commands);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!strstr(library, memory_text(".It Cm %s Ns = Ns", keys[i])))
			test_fail("libtcpwaitspy(7) has no setting %s", keys[i]);
	for (size_t i = 0; i < count; i++) {
		for (char *option = strtok(options_of(commands[i]), "\n"); option; option = strtok(NULL, "\n"))
			if (!test_matches(command, memory_text("Fl -%s( |\n)", option)) &&
			    !test_matches(command, memory_text("\n\\.It Fl [a-zA-Z] .*, -%s( |\n)", option)) &&
			    !strstr(command, memory_text(", -%s\n", option)))
				test_fail("tcpwaitspy(1) has no option --%s of %s", option, commands[i]);
	}
}

/* What bash offers for the last of these words. */
static const char *bash_offers(const char *words)
{
	static const char script[] =
		"PATH=\"$(dirname '%s'):$PATH\"; . '%s'; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
		"_tcpwaitspy; echo \" ${COMPREPLY[*]} \"";

	return shell_well(memory_text(script, file_built("tcpwaitspy"), file_source("tools/completion/tcpwaitspy.bash"),
				      words))
		.out;
}

static void bash_completes_every_option(void **state)
{
	const char *commands[COMMANDS_MAX];
	size_t count = read_commands(commands);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const char *offers = bash_offers(memory_text("tcpwaitspy %s --", commands[i]));

		for (char *option = strtok(options_of(commands[i]), "\n"); option; option = strtok(NULL, "\n"))
			if (!strstr(offers, memory_text(" --%s ", option)))
				test_fail("bash does not offer --%s for %s:\n%s", option, commands[i], offers);
	}
	assert_non_null(strstr(bash_offers("tcpwaitspy expl"), " explain "));
	assert_string_equal(bash_offers("tcpwaitspy --format ''"), " text json \n");
	assert_string_equal(bash_offers("tcpwaitspy --format = t"), " text \n");
	assert_string_equal(bash_offers("tcpwaitspy explain close-wait"), " close-wait-leak \n");
	assert_string_equal(bash_offers("tcpwaitspy ps --state CLOSE_"), " CLOSE_WAIT \n");
	assert_non_null(strstr(bash_offers("tcpwaitspy -q --stack 3 basena"), " basename "));
}

/* zsh has no way to ask for completions but the keyboard: the functions that make the lists are stood in for. */
static void zsh_completes_every_option(void **state)
{
	static const char script[] = "_call_program() { shift; \"$@\" }; _describe() { print -l -- ${(P)@[-1]} }; "
				     "compadd() { print -l -- ${(P)@[-1]} }; "
				     "_files() { :; }; _command_names() { :; }; _pids() { :; }; "
				     "words=('%s' %s); CURRENT=$#words; source '%s'";
	struct run_result result;
	const char *page = file_source("tools/completion/_tcpwaitspy");

	(void)state;
	test_require("zsh");
	file_write(file_temp("zsh"), memory_text(script, file_built("tcpwaitspy"), "run --", page));
	result = shell_well(memory_text("zsh -f '%s'", file_temp("zsh")));
	for (char *option = strtok(options_of("run"), "\n"); option; option = strtok(NULL, "\n"))
		if (!strstr(result.out, memory_text("--%s:", option)))
			test_fail("zsh does not offer --%s:\n%s", option, result.out);
	file_write(file_temp("zsh"), memory_text(script, file_built("tcpwaitspy"), "explain ''", page));
	result = shell_well(memory_text("zsh -f '%s'", file_temp("zsh")));
	assert_non_null(strstr(result.out, "close-wait-leak\n"));
	file_write(file_temp("zsh"), memory_text(script, file_built("tcpwaitspy"), "--format ''", page));
	result = shell_well(memory_text("zsh -f '%s'", file_temp("zsh")));
	assert_string_equal(result.out, "text\njson\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(installed_command_works_and_uninstall_leaves_nothing),
		TEST(package_installs_runs_and_is_removed),
		TEST(manual_pages_are_well_formed),
		TEST(manual_pages_have_every_setting_and_option),
		TEST(bash_completes_every_option),
		TEST(zsh_completes_every_option),
	};

	return cmocka_run_group_tests_name("cli_install", tests, NULL, NULL);
}
