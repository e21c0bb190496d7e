/*
 * Real programs under the shim: they print and return what they do without it, nothing is found
 * at fault, every connection ends closed, and none is missing: the number of connections that
 * were accepted in the log is the number that the clients have made.
 */
#include "../support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define REQUESTS    200
#define STATIC_TEXT "hello from a file\n"

/* A server that runs, with the port that it was told to listen on. */
struct server {
	struct run_process *process;
	uint16_t port;
	long opens; /* of the clients in this network so far */
};

struct outcome {
	struct run_result server;
	char *client_out; /* of all clients */
	long connections; /* that the clients have made, as the kernel counts them */
};

static struct server start_server(struct run_spec spec, uint16_t port, bool plain)
{
	struct server server = {.port = port};

	spec.plain = plain;
	spec.options = plain ? NULL : script_options(NULL);
	server.process = run_start(&spec);
	net_wait_listener(port, server.process);
	server.opens = net_active_opens();
	return server;
}

static struct outcome stop_server(struct server *server, int sig, char *client_out)
{
	struct outcome outcome = {.client_out = client_out};

	/* All clients are gone; once the kernel has no half-closed end left, the server has seen that too. */
	net_wait("ESTABLISHED", server->port, NET_ANY, 0);
	net_wait("CLOSE_WAIT", server->port, NET_ANY, 0);
	outcome.connections = net_active_opens() - server->opens;
	outcome.server = run_stop(server->process, sig);
	return outcome;
}

/* Digits, which are times and pids in what a server prints, become one `#`. Returns the new length. */
static size_t blur(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		bool digit = *from >= '0' && *from <= '9';

		if (!digit)
			*to++ = *from;
		else if (to == text || to[-1] != '#')
			*to++ = '#';
	}
	*to = '\0';
	return (size_t)(to - text);
}

static bool is_accept(json_object *record)
{
	return strncmp(log_text(record, "call"), "accept", 6) == 0 && log_number(record, "ret") >= 0;
}

static void assert_ends_closed(const struct log *log, json_object *accepted)
{
	const struct log_match match = {.conn = log_number(accepted, "conn"), .pid = log_number(accepted, "pid")};
	json_object *last = accepted;
	bool closed = false;

	for (json_object *next = accepted; next; next = log_next(log, next, &match)) {
		if (strcmp(log_text(next, "type"), "finding") == 0)
			continue;
		closed = closed || (strcmp(log_text(next, "call"), "close") == 0 && log_number(next, "ret") == 0);
		last = next;
	}
	if (!closed || !test_matches(log_text(last, "state"), "^(TIME_WAIT|LAST_ACK|CLOSED|FIN_WAIT_[12])$"))
		test_fail("a connection does not end closed: %s", json_object_to_json_string(last));
}

/* The log of a server that has served so many connections, all of them well. */
static void assert_served(long connections)
{
	struct log log = log_read(script_log());
	long accepted = 0;

	log_assert_no_fault(&log);
	for (size_t i = 0; i < log.count; i++) {
		if (!is_accept(log.records[i]))
			continue;
		accepted++;
		assert_ends_closed(&log, log.records[i]);
	}
	assert_int_equal(accepted, connections);
	assert_true(connections > 0);
}

/* Without and with the shim: the same output of clients and server; then the log. */
static void assert_same_and_served(struct outcome *plain, struct outcome *under)
{
	assert_string_equal(under->client_out, plain->client_out);
	plain->server.out_len = blur(plain->server.out);
	under->server.out_len = blur(under->server.out);
	run_assert_same(&under->server, &plain->server);
	assert_int_equal(under->connections, plain->connections);
	assert_served(under->connections);
}

static struct run_result run_client(const struct run_spec *spec)
{
	struct run_result result = run(spec);

	run_assert_exit(&result, 0);
	return result;
}

/* The sum of what curl wrote for %{num_connects}, one a line. */
static long connects_in(const char *out)
{
	long sum = 0;

	for (const char *line = out; (line = strstr(line, "connects=")); line++)
		sum += atol(line + 9);
	return sum;
}

/* REQUESTS requests of one curl; header may be NULL. */
static char *fetch(uint16_t port, const char *header, int requests)
{
	const char *url = memory_text("http://127.0.0.1:%u/file?[1-%d]", port, requests);
	struct run_spec spec = {
		.argv = {test_require("curl"), "-sS", "-w", "%{http_code} connects=%{num_connects}\n", url},
		.plain = true};

	if (header) {
		spec.argv[5] = "-H";
		spec.argv[6] = header;
	}
	return run_client(&spec).out;
}

static struct outcome play_redis(bool plain)
{
	uint16_t port = net_free_port();
	const char *port_text = memory_text("%u", port);
	const struct run_spec server_spec = {.argv = {test_require("redis-server"), "--port", port_text, "--bind",
						      "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
						      file_temp("")}};
	const struct run_spec client_spec = {.argv = {test_require("redis-benchmark"), "-h", "127.0.0.1", "-p",
						      port_text, "-c", "20", "-n", "10000", "-t", "set", "-q"},
					     .plain = true};
	struct server server = start_server(server_spec, port, plain);
	struct run_result client = run_client(&client_spec);

	assert_non_null(strstr(client.out, "requests per second"));
	return stop_server(&server, SIGTERM, memory_get(1));
}

static void redis_server_serves_10000_requests(void **state)
{
	struct outcome plain;
	struct outcome under;

	(void)state;
	test_require("redis-server");
	test_require("redis-benchmark");
	net_own();
	plain = play_redis(true);
	under = play_redis(false);
	run_assert_exit(&under.server, 0);
	/* 20 clients, and those that the benchmark makes besides to ask for the settings. */
	assert_in_range(under.connections, 20, 25);
	assert_same_and_served(&plain, &under);
}

static const char *write_nginx_conf(uint16_t port, const char *process)
{
	const char *path = file_temp("nginx.conf");
	const char *top = file_temp("");

	/* The workers are not root, and find the file below the temporary directory. */
	assert_int_equal(chmod(top, 0755), 0);
	file_write(file_temp("file"), STATIC_TEXT);
	file_write(path,
		   memory_text("daemon off;\n%s\nworker_processes 1;\npid %s/nginx.pid;\nerror_log stderr error;\n"
			       "events { worker_connections 256; }\n"
			       "http {\n"
			       "access_log off; sendfile on; root %s;\n"
			       "client_body_temp_path %s/t1; proxy_temp_path %s/t2; fastcgi_temp_path %s/t3;\n"
			       "uwsgi_temp_path %s/t4; scgi_temp_path %s/t5;\n"
			       "server { listen 127.0.0.1:%u; }\n"
			       "}\n",
			       process, top, top, top, top, top, top, top, port));
	return path;
}

static void require_nginx(void)
{
	test_require("nginx");
	test_require("curl");
	net_own();
	if (net_is_unprivileged())
		test_skip("nginx believes that it is root, and may not become its user");
}

static struct outcome play_nginx(bool plain, const char *process, const char *header)
{
	uint16_t port = net_free_port();
	const struct run_spec spec = {.argv = {test_require("nginx"), "-e", "stderr", "-p", file_temp(""), "-c",
					       write_nginx_conf(port, process)}};
	struct server server = start_server(spec, port, plain);
	char *out = fetch(port, header, REQUESTS);
	struct outcome outcome = stop_server(&server, SIGQUIT, out);

	assert_int_equal(connects_in(out), header ? REQUESTS : 1);
	assert_int_equal(outcome.connections, connects_in(out));
	assert_non_null(strstr(out, STATIC_TEXT "200 connects="));
	return outcome;
}

static void assert_nginx(const char *process, const char *header)
{
	struct outcome plain;
	struct outcome under;

	require_nginx();
	plain = play_nginx(true, process, header);
	under = play_nginx(false, process, header);
	run_assert_exit(&under.server, 0);
	assert_same_and_served(&plain, &under);
}

static void nginx_in_one_process_serves_200_requests_on_one_connection(void **state)
{
	(void)state;
	assert_nginx("master_process off;", NULL);
}

static void nginx_in_one_process_serves_200_requests_on_as_many_connections(void **state)
{
	(void)state;
	assert_nginx("master_process off;", "Connection: close");
}

static void nginx_with_a_worker_serves_200_requests_on_one_connection(void **state)
{
	(void)state;
	assert_nginx("", NULL);
}

static void nginx_with_a_worker_serves_200_requests_on_as_many_connections(void **state)
{
	(void)state;
	assert_nginx("", "Connection: close");
}

static struct outcome play_python(bool plain)
{
	uint16_t port = net_free_port();
	const struct run_spec spec = {.argv = {test_require("python3"), "-m", "http.server", memory_text("%u", port),
					       "--bind", "127.0.0.1", "--directory", file_temp("")}};
	struct server server;
	struct outcome outcome;
	char *out;

	file_write(file_temp("file"), STATIC_TEXT);
	server = start_server(spec, port, plain);
	out = fetch(port, NULL, 30);
	outcome = stop_server(&server, SIGINT, out);
	assert_int_equal(outcome.connections, connects_in(out));
	return outcome;
}

static void python_http_server_serves_curl(void **state)
{
	struct outcome plain;
	struct outcome under;

	(void)state;
	test_require("python3");
	test_require("curl");
	net_own();
	plain = play_python(true);
	under = play_python(false);
	run_assert_exit(&under.server, 0);
	assert_same_and_served(&plain, &under);
}

/* curl itself under the shim, against a server that is not. */
static void curl_fetches_and_fails_as_without_the_shim(void **state)
{
	uint16_t port;
	struct run_spec spec = {.options = script_options(NULL)};
	struct server server;
	struct run_result plain;
	struct run_result result;
	struct log log;

	(void)state;
	spec.argv[0] = test_require("curl");
	require_nginx();
	port = net_free_port();
	server = start_server((struct run_spec){.argv = {test_require("nginx"), "-e", "stderr", "-p", file_temp(""),
							 "-c", write_nginx_conf(port, "")}},
			      port, true);
	spec.argv[1] = "-sS";
	spec.argv[2] = memory_text("http://127.0.0.1:%u/file?[1-5]", port);
	spec.plain = true;
	plain = run(&spec);
	run_assert_exit(&plain, 0);
	spec.plain = false;
	result = run(&spec);
	run_assert_same(&result, &plain);
	assert_string_equal(result.err, plain.err);
	log = log_read(script_log());
	log_assert_no_fault(&log);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "connect"}), 1);
	assert_ends_closed(&log, log_first(&log, &(const struct log_match){.call = "connect"}));
	log_assert_number(log.records[log.count - 1], "connections", 1);
	/* And when nobody listens: the same complaint, the same status. */
	run_stop(server.process, SIGQUIT);
	spec.plain = true;
	plain = run(&spec);
	run_assert_exit(&plain, 7);
	spec.plain = false;
	result = run(&spec);
	run_assert_same(&result, &plain);
	blur(result.err);
	blur(plain.err);
	assert_string_equal(result.err, plain.err);
	log = log_read(script_log());
	log_assert_no_fault(&log);
}

int main(void)
{
	const struct CMUnitTest servers[] = {
		TEST(redis_server_serves_10000_requests),
		TEST(nginx_in_one_process_serves_200_requests_on_one_connection),
		TEST(nginx_in_one_process_serves_200_requests_on_as_many_connections),
		TEST(nginx_with_a_worker_serves_200_requests_on_one_connection),
		TEST(nginx_with_a_worker_serves_200_requests_on_as_many_connections),
		TEST(python_http_server_serves_curl),
		TEST(curl_fetches_and_fails_as_without_the_shim),
	};

	return cmocka_run_group_tests_name("servers", servers, NULL, NULL);
}
