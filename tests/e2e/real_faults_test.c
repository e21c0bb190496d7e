/*
 * Faults of real programs from the distribution, each in a configuration that provokes it: the
 * verdict is the shim's, on a program that was not written to be found.
 */
#include "../support/test.h"

#include <signal.h>
#include <string.h>

/* A server that ends a connection on which nothing was asked for half a second. */
#define IMPATIENT_SERVER                                                                                               \
	"import http.server, sys\n"                                                                                    \
	"class Handler(http.server.SimpleHTTPRequestHandler):\n"                                                       \
	"    protocol_version = 'HTTP/1.1'\n"                                                                          \
	"    timeout = 0.5\n"                                                                                          \
	"http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n"

/* A pool of one: asks once, and keeps the connection for the next question. */
#define POOL                                                                                                           \
	"import http.client, sys\n"                                                                                    \
	"kept = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))\n"                                           \
	"kept.request('GET', '/')\n"                                                                                   \
	"kept.getresponse().read()\n"                                                                                  \
	"print('answered', flush=True)\n"                                                                              \
	"sys.stdin.readline()\n"

/* Asks redis, and closes when it is told to. */
#define CLIENT                                                                                                         \
	"import socket, sys\n"                                                                                         \
	"c = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"                                              \
	"c.sendall(b'PING\\r\\n')\n"                                                                                   \
	"print(c.recv(64).decode().strip(), flush=True)\n"                                                             \
	"sys.stdin.readline()\n"                                                                                       \
	"c.close()\n"                                                                                                  \
	"sys.stdin.readline()\n"

static struct run_process *start_plain(struct run_spec spec, uint16_t port)
{
	struct run_process *process;

	spec.plain = true;
	process = run_start(&spec);
	net_wait_listener(port, process);
	return process;
}

/* Python with a script, spoken to over its standard input and output. */
static struct run_process *start_python(const char *script, uint16_t port, const char *options)
{
	const struct run_spec spec = {.argv = {test_require("python3"), "-c", script, memory_text("%u", port)},
				      .options = script_options(options),
				      .dialog = true};

	return run_start(&spec);
}

static void http_client_keeps_a_connection_that_its_server_has_ended(void **state)
{
	const struct log_match idle = {.type = "finding", .rule = "idle-close-wait"};
	uint16_t port = net_free_port();
	const struct run_spec server = {
		.argv = {test_require("python3"), "-c", IMPATIENT_SERVER, memory_text("%u", port)}};
	struct run_process *pool;
	struct log log;

	(void)state;
	net_own();
	start_plain(server, port);
	pool = start_python(POOL, port, "close_wait=200ms:watch=50ms");
	assert_string_equal(run_hear(pool), "answered");
	log = log_wait(script_log(), &idle);
	assert_string_equal(log_text(log_last(&log, &idle), "severity"), "note");
	run_say(pool, "end");
	run_finish(pool);
	log = log_read(script_log());
	log_assert_no_fault(&log);
}

static void redis_that_is_stopped_stalls_its_clients_in_fin_wait_2(void **state)
{
	const struct log_match stall = {.type = "finding", .rule = "fin-wait-2-stall"};
	uint16_t port = net_free_port();
	const struct run_spec server = {.argv = {test_require("redis-server"), "--port", memory_text("%u", port),
						 "--bind", "127.0.0.1", "--save", "", "--dir", file_temp("")}};
	struct run_process *redis, *client;
	struct log log;

	(void)state;
	test_require("python3");
	net_own();
	redis = start_plain(server, port);
	client = start_python(CLIENT, port, "fin_wait=300ms:watch=50ms");
	assert_string_equal(run_hear(client), "+PONG");
	assert_int_equal(kill(run_pid(redis), SIGSTOP), 0);
	run_say(client, "close");
	log = log_wait(script_log(), &stall);
	assert_string_equal(log_text(log_last(&log, &stall), "state"), "FIN_WAIT_2");
	assert_int_equal(kill(run_pid(redis), SIGCONT), 0);
	run_say(client, "end");
	run_finish(client);
}

static void socat_listens_without_so_reuseaddr(void **state)
{
	const struct log_match listens = {.type = "call", .call = "listen"};
	const struct log_match missing = {.type = "finding", .rule = "missing-reuseaddr"};
	uint16_t port = net_free_port();
	struct run_spec spec = {
		.argv = {test_require("socat"), memory_text("TCP-LISTEN:%u,bind=127.0.0.1", port), "/dev/null"},
		.options = script_options(NULL)};
	struct run_process *socat;
	struct log log;

	(void)state;
	net_own();
	socat = run_start(&spec);
	log = log_wait(script_log(), &missing);
	assert_string_equal(log_text(log_last(&log, &missing), "severity"), "warning");
	run_stop(socat, SIGTERM);

	/* The same with the option that its manual names for this is silent. */
	spec.argv[1] = memory_text("TCP-LISTEN:%u,bind=127.0.0.1,reuseaddr", port);
	spec.options = memory_text("log=%s:format=json", file_temp("good.json"));
	socat = run_start(&spec);
	log_wait(file_temp("good.json"), &listens);
	run_stop(socat, SIGTERM);
	log = log_read(file_temp("good.json"));
	log_assert_no_fault(&log);
}

int main(void)
{
	const struct CMUnitTest faults[] = {
		TEST(http_client_keeps_a_connection_that_its_server_has_ended),
		TEST(redis_that_is_stopped_stalls_its_clients_in_fin_wait_2),
		TEST(socat_listens_without_so_reuseaddr),
	};

	return cmocka_run_group_tests_name("real_faults", faults, NULL, NULL);
}
