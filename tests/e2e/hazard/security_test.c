/*
 * What a user, a peer or a name may not do through the shim: choose files for a set-uid program, read another's log,
 * write lines of their own into it, or find in it what was sent.
 */
#include "compare.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TALK SCRIPT_PAIR "send c hello; recv a 9\n" SCRIPT_END

#define NOBODY 65534

/* A name that would be a finding of its own, in colour, and ends a JSON text. */
#define EVIL "x\n==1== ERROR: forged: y\",\"type\":\"finding\"}\n\x1b[31mred\x1b[0m\r"

static const char *copy_program(const char *from, const char *name)
{
	const char *to = file_temp(name);
	size_t len;
	char *bytes = file_read(from, &len);
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_non_null(bytes);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, 0755), 0);
	close(fd);
	return to;
}

static struct run_result run_tool(const char *const argv[])
{
	struct run_spec spec = {.plain = true};

	for (size_t i = 0; argv[i]; i++)
		spec.argv[i] = argv[i];
	return run(&spec);
}

static void make_set_uid(const char *path)
{
	struct statvfs disk;

	if (geteuid() != 0 || net_is_unprivileged())
		test_skip("only root can give a program to another user");
	if (statvfs(path, &disk) == 0 && (disk.f_flag & ST_NOSUID))
		test_skip("set-uid has no effect where the temporary directory is");
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
	assert_int_equal(chmod(path, 04755), 0);
}

static void set_uid_program_does_not_load_the_shim(void **state)
{
	struct run_spec spec = {.input = TALK};
	struct run_result result;

	(void)state;
	assert_int_equal(chmod(file_temp(""), 0755), 0);
	spec.argv[0] = copy_program(file_built("tests/programs/script"), "script");
	spec.options = script_options(NULL);
	make_set_uid(spec.argv[0]);
	result = hazard_compare(&spec);
	assert_null(strstr(result.err, "=="));
	assert_int_equal(access(script_log(), F_OK), -1);
}

/* The shim is in the program for good here, and its settings are the caller's. */
static void set_uid_program_with_the_shim_ignores_the_variable(void **state)
{
	const char *shim, *program = file_temp("linked");
	struct run_spec spec = {.argv = {program}, .plain = true, .input = TALK};
	struct run_result result;

	(void)state;
	assert_int_equal(chmod(file_temp(""), 0755), 0);
	shim = copy_program(file_built("libtcpwaitspy.so"), "libtcpwaitspy.so");
	result = run_tool((const char *const[]){test_require("cc"), "-D_GNU_SOURCE", "-pthread", "-o", program,
						file_source("tests/e2e/programs/script.c"), "-Wl,--no-as-needed", shim,
						"-ldl", NULL});
	run_assert_exit(&result, 0);
	spec.options = script_options(NULL);
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_int_equal(access(script_log(), F_OK), 0);
	assert_int_equal(unlink(script_log()), 0);
	make_set_uid(program);
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_int_equal(access(script_log(), F_OK), -1);
	/* As without the variable: text, to standard error. */
	assert_true(test_matches(result.err, "^==[0-9]+== .*SUMMARY: "));
}

/* The log's descriptor in another process, by its name. */
static int log_descriptor(pid_t pid)
{
	DIR *list = opendir(memory_text("/proc/%d/fd", (int)pid));
	struct dirent *entry;
	int found = -1;

	assert_non_null(list);
	while (found < 0 && (entry = readdir(list))) {
		char target[512] = "";
		const char *link = memory_text("/proc/%d/fd/%s", (int)pid, entry->d_name);

		if (readlink(link, target, sizeof(target) - 1) > 0 && strcmp(target, script_log()) == 0)
			found = atoi(entry->d_name);
	}
	closedir(list);
	return found;
}

static void log_is_its_owner_s_and_no_other_program_s(void **state)
{
	struct run_process *script = script_start(script_options(NULL));
	unsigned int flags = 0;
	struct run_result result;
	struct stat st;
	char *info;
	int fd;

	(void)state;
	script_say_all(script, SCRIPT_PAIR);
	fd = log_descriptor(run_pid(script));
	assert_true(fd > 2);
	info = file_read(memory_text("/proc/%d/fdinfo/%d", (int)run_pid(script), fd), NULL);
	assert_non_null(info);
	assert_int_equal(sscanf(strstr(info, "flags:"), "flags: %o", &flags), 1);
	assert_true(flags & O_CLOEXEC);
	assert_true(flags & O_APPEND);
	assert_int_equal(stat(script_log(), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	script_say_all(script, SCRIPT_END);
	result = run_finish(script);
	run_assert_exit(&result, 0);
}

/* A program whose own name, one argument and one function are such names, and which makes mistakes there. */
static struct run_spec evil_spec(void)
{
	struct run_spec spec = {.input = SCRIPT_PAIR "close c; close c; send c x; recv a 9; close a; close s\n"};
	const char *renaming = "word_close=" EVIL, *renamed = file_temp("renamed");
	struct run_result result;

	result = run_tool((const char *const[]){test_require("objcopy"), "--redefine-sym", renaming,
						file_built("tests/programs/script"), renamed, NULL});
	run_assert_exit(&result, 0);
	/* A path has no slash in a name, and EVIL has none. */
	spec.argv[0] = copy_program(renamed, EVIL);
	spec.argv[1] = EVIL;
	return spec;
}

static void names_forge_no_line_of_text(void **state)
{
	struct run_spec spec = evil_spec();
	struct run_result result;
	const char *prefix;
	char *text, *rest = NULL;
	size_t findings = 0;
	pid_t pid;

	(void)state;
	spec.options = memory_text("log=%s", file_temp("log.txt"));
	result = run(&spec);
	run_assert_exit(&result, 0);
	text = file_read(file_temp("log.txt"), NULL);
	assert_non_null(text);
	pid = atoi(text + 2);
	prefix = memory_text("==%d== ", (int)pid);
	assert_true(pid > 1);
	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\r'));
	/* It is there, on one line. */
	assert_non_null(strstr(text, "x\\x0a==1== ERROR: forged"));
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, prefix, strlen(prefix)) != 0)
			test_fail("a line of nobody: %.200s", line);
		findings += strncmp(line + strlen(prefix), "ERROR: ", 7) == 0;
	}
	assert_int_equal(findings, 2);
}

static void names_forge_no_record(void **state)
{
	struct run_spec spec = evil_spec();
	struct run_result result;
	json_object *finding, *frame;
	struct log log;

	(void)state;
	spec.options = script_options(NULL);
	result = run(&spec);
	run_assert_exit(&result, 0);
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.type = "finding"}), 2);
	finding = log_first(&log, &(const struct log_match){.rule = "double-close"});
	frame = json_object_array_get_idx(log_member(finding, "stacks.here"), 0);
	assert_string_equal(log_text(frame, "function"), EVIL);
	assert_non_null(strstr(log_text(log.records[0], "exe"), EVIL));
}

/* Said on standard error, a path and a bad value are one line, too. */
static void complaints_are_one_line(void **state)
{
	struct run_spec spec = {.argv = {file_built("tests/programs/script")}, .input = TALK};
	struct run_result result;

	(void)state;
	spec.options = "log=/nonexistent/" EVIL;
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_null(strchr(result.err, '\x1b'));
	assert_null(strstr(result.err, "\n==1=="));
	spec.options = "format=" EVIL;
	result = run(&spec);
	run_assert_exit(&result, 0);
	assert_null(strchr(result.err, '\x1b'));
	assert_null(strstr(result.err, "\n==1=="));
}

#define SECRET "Tr0ub4dor"

/* Sent and received by every kind of call, left unread, sent where it cannot arrive, and seen in every format. */
#define SECRETS                                                                                                        \
	SCRIPT_PAIR "send c " SECRET "; recv a 99; sendto c " SECRET "; recvfrom a 99; write c " SECRET                \
		    "; read a 99\n"                                                                                    \
		    "writev c " SECRET "; readv a 99; sendmsg c " SECRET "; recvmsg a 99; sendmmsg c " SECRET "\n"     \
		    "recvmmsg a 99; dprintf c " SECRET "; __recv_chk a 99; send a " SECRET "; send c " SECRET "\n"     \
		    "close c; send c " SECRET "; send a " SECRET "; recv a 99; send a " SECRET                         \
		    " nosignal; close a; recv a 99\n"                                                                  \
		    "close s\n"

static void nothing_that_was_sent_is_in_a_log(void **state)
{
	const char *const options[] = {"format=json", "format=text", "format=json:flush=buffer:calls=none"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const char *path = file_temp("log");
		struct run_result result;
		char *text;

		result = script_run(memory_text("log=%s:metrics=%s:%s", path, file_temp("metrics"), options[i]),
				    SECRETS);
		assert_non_null(strstr(result.out, SECRET));
		text = file_read(path, NULL);
		assert_non_null(text);
		assert_non_null(strstr(text, "after-close"));
		if (strstr(text, SECRET) || strstr(result.err, SECRET))
			test_fail("it is in the log with %s: %.300s", options[i], strstr(text, SECRET));
		text = file_read(file_temp("metrics"), NULL);
		assert_true(text && !strstr(text, SECRET));
		assert_int_equal(unlink(path), 0);
	}
}

int main(void)
{
	const struct CMUnitTest security[] = {
		TEST(set_uid_program_does_not_load_the_shim),
		TEST(set_uid_program_with_the_shim_ignores_the_variable),
		TEST(log_is_its_owner_s_and_no_other_program_s),
		TEST(names_forge_no_line_of_text),
		TEST(names_forge_no_record),
		TEST(complaints_are_one_line),
		TEST(nothing_that_was_sent_is_in_a_log),
	};

	return cmocka_run_group_tests_name("hazard_security", security, NULL, NULL);
}
