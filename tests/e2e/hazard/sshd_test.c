/*
 * The distribution's sshd serves logins under the shim: a server that runs itself anew for each connection, gives up
 * its privileges, goes into an empty root, and forbids itself files, descriptors and nearly all system calls.
 */
#include "compare.h"

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define EMPTY_ROOT "/run/sshd" /* where sshd's unprivileged part lives, as Debian has built it */

static bool made_root;

static void make_key(const char *name)
{
	struct run_spec spec = {
		.plain = true,
		.argv = {test_require("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", file_temp(name)}};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
}

static void prepare(void)
{
	net_own();
	if (geteuid() != 0 || net_is_unprivileged())
		test_skip("sshd wants to be root");
	make_key("host");
	make_key("key");
	made_root = mkdir(EMPTY_ROOT, 0755) == 0;
	file_write(file_temp("config"),
		   memory_text("Port 2222\nListenAddress 127.0.0.1\nHostKey %s\nPidFile none\nAuthorizedKeysFile %s\n"
			       "StrictModes no\nUsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\n",
			       file_temp("host"), file_temp("key.pub")));
}

static bool listens(void *server)
{
	return strstr(run_stderr_now(server), "Server listening") != NULL;
}

static struct run_process *start_server(bool plain)
{
	struct run_spec spec = {.plain = plain,
				.argv = {"/usr/sbin/sshd", "-D", "-e", "-f", file_temp("config")},
				.options = plain ? NULL : memory_text("log=%s:format=json", file_temp("log.%p.json"))};
	struct run_process *server = run_start(&spec);

	test_until(listens, server, "sshd to listen");
	return server;
}

static struct run_result log_in(bool plain, const char *command, const char *input)
{
	struct run_spec spec = {
		.plain = plain,
		.argv = {test_require("ssh"), "-F", "none", "-i", file_temp("key"), "-o", "BatchMode=yes", "-o",
			 "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-p",
			 "2222", "root@127.0.0.1", command},
		.options = plain ? NULL : memory_text("log=%s:format=json", file_temp("client.json")),
		.input = input,
	};

	return run(&spec);
}

/* What there is of it: the sandboxed child can write no file. */
static size_t check_logs(void)
{
	size_t accepted = 0;
	glob_t found;

	assert_int_equal(glob(file_temp("log.*.json"), 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct stat st;
		struct log log;

		if (stat(found.gl_pathv[i], &st) != 0 || st.st_size == 0)
			continue;
		assert_int_equal(st.st_mode & 0777, 0600);
		log = log_read(found.gl_pathv[i]);
		log_assert_no_fault(&log);
		accepted += log_count(&log, &(const struct log_match){.call = "accept"});
	}
	globfree(&found);
	return accepted;
}

static void sshd_serves_logins(void **state)
{
	static const struct {
		const char *command, *input;
	} sessions[] = {
		{"true", NULL},
		{"echo out; echo err >&2; exit 7", NULL},
		{"wc -c", "what is typed\n"},
		{"head -c 1000000 /dev/zero | od -c | tail -1", NULL},
	};
	struct run_result expected[ARRAY_LEN(sessions)], result;
	struct run_process *server;
	struct log log;

	(void)state;
	test_require("sshd");
	prepare();
	server = start_server(true);
	for (size_t i = 0; i < ARRAY_LEN(sessions); i++)
		expected[i] = log_in(true, sessions[i].command, sessions[i].input);
	run_stop(server, SIGTERM);
	run_assert_exit(&expected[0], 0);
	run_assert_exit(&expected[1], 7);

	server = start_server(false);
	for (size_t i = 0; i < ARRAY_LEN(sessions); i++) {
		result = log_in(i % 2 == 0, sessions[i].command, sessions[i].input);
		run_assert_same(&result, &expected[i]);
		assert_string_equal(result.err, expected[i].err);
	}
	run_stop(server, SIGTERM);
	if (made_root)
		rmdir(EMPTY_ROOT);
	assert_true(check_logs() >= ARRAY_LEN(sessions));
	log = log_read(file_temp("client.json"));
	log_assert_no_fault(&log);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "connect"}), 2);
}

int main(void)
{
	const struct CMUnitTest sshd[] = {
		TEST(sshd_serves_logins),
	};

	return cmocka_run_group_tests_name("hazard_sshd", sshd, NULL, NULL);
}
