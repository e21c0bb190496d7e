/*
 * docs/fleet.md as somebody follows it: the leaking server of the README under the shim, the distribution's
 * node exporter with its textfile directory, its prometheus, and the rules and the dashboard of docs/fleet.
 */
#include "../../support/prom.h"
#include "../../support/test.h"

#include <arpa/inet.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ECHO_PORT 5197 /* the README's; the network is the test's own */

/* The first block of C in the README: the server that never closes. Returns the program. */
static const char *build_echo(void)
{
	const char *program = file_temp("echo");
	struct run_spec spec = {.argv = {"gcc", "-g", file_temp("echo.c"), "-o", program}, .plain = true};
	char *text = file_read(file_source("README.md"), NULL);
	char *begin = text ? strstr(text, "```c\n#include <netinet/in.h>") : NULL;
	char *end = begin ? strstr(begin, "\n```\n") : NULL;
	struct run_result result;

	if (!end)
		test_fail("the README has no server");
	end[1] = '\0';
	file_write(file_temp("echo.c"), begin + strlen("```c\n"));
	result = run(&spec);
	run_assert_exit(&result, 0);
	return program;
}

/* A client that says something, hears it again, and goes. */
static void talk(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(ECHO_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[16];

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, "Hello", 5, MSG_NOSIGNAL), 5);
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 5);
	close(fd);
}

/* The leaking server under the shim, with its metrics in the directory and `count` clients gone. */
static struct run_process *start_leak(const char *directory, int count)
{
	const struct run_spec spec = {
		.argv = {build_echo()},
		.options = memory_text("metrics=%s/%%e.%%p.prom:calls=none:watch=100ms:close_wait=100ms", directory)};
	struct run_process *server = run_start(&spec);

	net_wait_listener(ECHO_PORT, server);
	for (int i = 0; i < count; i++)
		talk();
	return server;
}

/* prometheus and node_exporter, with their ports. */
struct stack {
	uint16_t exporter_port;
	uint16_t prometheus_port;
};

static void start_exporter(struct stack *stack, const char *directory)
{
	const struct run_spec spec = {.argv = {test_require("prometheus-node-exporter"), "--collector.disable-defaults",
					       "--collector.textfile",
					       memory_text("--collector.textfile.directory=%s", directory),
					       memory_text("--web.listen-address=127.0.0.1:%u", stack->exporter_port)},
				      .plain = true};

	net_wait_listener(stack->exporter_port, run_start(&spec));
}

static void start_prometheus(struct stack *stack)
{
	const char *config = file_temp("prometheus.yml");
	const char *source = memory_keep(realpath(file_source(""), NULL), free);
	const struct run_spec spec = {
		.argv = {test_require("prometheus"), memory_text("--config.file=%s", config),
			 memory_text("--storage.tsdb.path=%s", file_temp("tsdb")),
			 memory_text("--web.listen-address=127.0.0.1:%u", stack->prometheus_port)},
		.plain = true};

	file_write(config, memory_text("global: {scrape_interval: 500ms, evaluation_interval: 500ms}\n"
				       "rule_files: [%s/docs/fleet/alerts.yml]\n"
				       "scrape_configs:\n"
				       "  - job_name: node\n"
				       "    static_configs: [{targets: ['127.0.0.1:%u']}]\n",
				       source, stack->exporter_port));
	net_wait_listener(stack->prometheus_port, run_start(&spec));
}

/* Asks prometheus. Returns its answer's "data", or NULL with its complaint printed where it refused. */
static json_object *ask(const struct stack *stack, const char *query)
{
	const struct run_spec spec = {.argv = {"curl", "-s", "--data-urlencode", memory_text("query=%s", query),
					       memory_text("http://127.0.0.1:%u/api/v1/query", stack->prometheus_port)},
				      .plain = true};
	struct run_result result = run(&spec);
	json_object *answer = json_tokener_parse(result.out);
	json_object *status = NULL, *data = NULL;

	if (!answer)
		return NULL;
	memory_keep(answer, (void (*)(void *))(uintptr_t)json_object_put);
	if (!json_object_object_get_ex(answer, "status", &status) ||
	    strcmp(json_object_get_string(status), "success") != 0) {
		print_message("%s\nprometheus: %s\n", query, result.out);
		return NULL;
	}
	json_object_object_get_ex(answer, "data", &data);
	return data;
}

struct question {
	const struct stack *stack;
	const char *query;
	double expected;
};

/* True where the answer is one series, of this value now. */
static bool is_answer(void *arg)
{
	const struct question *question = arg;
	json_object *data = ask(question->stack, question->query), *result = NULL, *value = NULL;

	if (!data || !json_object_object_get_ex(data, "result", &result) || json_object_array_length(result) != 1)
		return false;
	json_object_object_get_ex(json_object_array_get_idx(result, 0), "value", &value);
	return value && json_object_get_double(json_object_array_get_idx(value, 1)) == question->expected;
}

static void assert_answer(const struct stack *stack, const char *query, double expected)
{
	struct question question = {stack, query, expected};

	test_until(is_answer, &question, memory_text("%s to be %g", query, expected));
}

static struct stack start_stack(const char *directory)
{
	struct stack stack = {net_free_port(), 0};

	test_require("curl");
	start_exporter(&stack, directory);
	stack.prometheus_port = net_free_port();
	start_prometheus(&stack);
	return stack;
}

static const char *textfile_directory(void)
{
	const char *directory = file_temp("textfile");

	assert_int_equal(mkdir(directory, 0755), 0);
	return directory;
}

/* A second program, and its child, whose file has a name of its own although the path has no %p. */
static void run_beside(const char *directory)
{
	const struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				      .options = memory_text("metrics=%s/app.prom:summary=0", directory),
				      .input = SCRIPT_LISTENER
				      "fork c=socket 4 stream; connect c 127.0.0.1 @s; close c\n"};
	struct run_result result = run(&spec);

	run_assert_exit(&result, 0);
}

static void prometheus_knows_the_close_wait_of_a_leaking_server(void **state)
{
	const char *directory;
	struct run_process *server;
	struct stack stack;
	const char *labels;

	(void)state;
	net_own();
	directory = textfile_directory();
	server = start_leak(directory, 3);
	run_beside(directory);
	labels = memory_text("program=\"echo\",pid=\"%d\"", (int)run_pid(server));
	stack = start_stack(directory);
	assert_answer(&stack, memory_text("tcpwaitspy_connections{state=\"CLOSE_WAIT\",%s}", labels), 3);
	assert_answer(&stack, memory_text("tcpwaitspy_findings_total{rule=\"close-wait-leak\",%s}", labels), 3);
	assert_answer(&stack, "tcpwaitspy_place_findings_total{function=\"handle_client\",module=\"echo\"}", 3);
	/* Also by the rules of docs/fleet: one process is alive, and three more are an increase. */
	assert_answer(&stack, "tcpwaitspy:process_alive", 1);
	for (int i = 0; i < 3; i++)
		talk();
	assert_answer(&stack, "sum(tcpwaitspy_connections{state=\"CLOSE_WAIT\",program=\"echo\"})", 6);
	assert_answer(&stack, "ALERTS{alertname=\"TcpCloseWaitLeak\",alertstate=\"firing\"}", 1);
	/* Every file in the directory was taken: none has a sample that another has. */
	assert_answer(&stack, "node_textfile_scrape_error", 0);
	assert_answer(&stack, "count(tcpwaitspy_up)", 3);
	run_stop(server, 15);
	assert_answer(&stack, "sum(tcpwaitspy_up)", 0);
}

static void run_promtool(const char *verb, const char *file)
{
	const struct run_spec spec = {.argv = {test_require("promtool"), verb, "rules", file},
				      .plain = true,
				      .directory = file_source("docs/fleet")};
	struct run_result result = run(&spec);

	if (result.status != 0)
		test_fail("promtool %s rules %s:\n%s%s", verb, file, result.out, result.err);
}

static void alert_rules_pass_their_tests(void **state)
{
	(void)state;
	run_promtool("check", "alerts.yml");
	run_promtool("test", "alerts_test.yml");
}

/* The text of a finished run that has every family. */
static const char *written_metrics(void)
{
	const struct run_spec spec = {.argv = {file_built("tests/programs/script")},
				      .options = memory_text("metrics=%s", file_temp("all.prom")),
				      .input = SCRIPT_PAIR "recv a 9 dontwait; close c; close c; recv a 9\n"};
	struct run_result result = run(&spec);
	const char *text;

	run_assert_exit(&result, 0);
	text = file_read(file_temp("all.prom"), NULL);
	assert_non_null(text);
	return text;
}

/* Every name in a text is of a metric that the shim writes, or of one that alerts.yml records. */
static void assert_names_are_written(const char *text, const char *where)
{
	const char *written = written_metrics();
	regmatch_t at;
	regex_t name;
	int found = 0;

	assert_int_equal(regcomp(&name, "tcpwaitspy_[a-z_]+", REG_EXTENDED), 0);
	for (; regexec(&name, text, 1, &at, 0) == 0; text += at.rm_eo, found++) {
		const char *one = memory_text("%.*s", (int)(at.rm_eo - at.rm_so), text + at.rm_so);

		if (!strstr(written, memory_text("\n%s{", one)) && !strstr(written, memory_text("# TYPE %s ", one)))
			test_fail("%s names %s, which the shim does not write", where, one);
	}
	regfree(&name);
	assert_true(found > 10);
}

static void alerts_name_only_what_is_written(void **state)
{
	(void)state;
	assert_names_are_written(file_read(file_source("docs/fleet/alerts.yml"), NULL), "alerts.yml");
}

static void guide_lists_every_metric_and_no_other(void **state)
{
	const char *guide = file_read(file_source("docs/fleet.md"), NULL);
	const char *at = written_metrics();

	(void)state;
	assert_non_null(guide);
	assert_names_are_written(guide, "docs/fleet.md");
	while ((at = strstr(at, "# TYPE "))) {
		at += strlen("# TYPE ");
		if (!strstr(guide, memory_text("| `%.*s` | %.*s |", (int)strcspn(at, " "), at,
					       (int)strcspn(strchr(at, ' ') + 1, "\n"), strchr(at, ' ') + 1)))
			test_fail("docs/fleet.md has no row for %.60s", at);
	}
}

static void log_goes_on_after_it_was_copied_and_truncated(void **state)
{
	struct run_process *script;
	struct log log;

	(void)state;
	script = script_start(script_options(NULL));
	script_say_all(script, SCRIPT_PAIR);
	assert_int_equal(truncate(script_log(), 0), 0);
	script_say_all(script, SCRIPT_END);
	run_stop(script, 15);
	/* From the file's beginning on, and whole: nothing of what had been there. */
	log = log_read(script_log());
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "close"}), 3);
	assert_int_equal(log_count(&log, &(const struct log_match){.call = "accept"}), 0);
}

/* What Grafana would put in for its variables. */
static const char *without_variables(const char *query)
{
	static const struct {
		const char *variable;
		const char *value;
	} variables[] = {{"$__rate_interval", "1m"}, {"$__range", "3h"}, {"$host", ".*"}, {"$program", ".*"}};

	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		const char *at;

		while ((at = strstr(query, variables[i].variable)))
			query = memory_text("%.*s%s%s", (int)(at - query), query, variables[i].value,
					    at + strlen(variables[i].variable));
	}
	if (strchr(query, '$'))
		test_fail("a variable that Grafana does not know here: %s", query);
	return query;
}

/* Calls check for each query of the dashboard. Returns how many there were. */
static size_t each_query(void (*check)(const char *query, void *arg), void *arg)
{
	json_object *dashboard = json_object_from_file(file_source("docs/fleet/dashboard.json"));
	json_object *panels = NULL, *targets = NULL, *expr = NULL;
	size_t count = 0;

	if (!dashboard)
		test_fail("dashboard.json: %s", json_util_get_last_err());
	memory_keep(dashboard, (void (*)(void *))(uintptr_t)json_object_put);
	assert_true(json_object_object_get_ex(dashboard, "panels", &panels));
	for (size_t i = 0; i < json_object_array_length(panels); i++) {
		assert_true(json_object_object_get_ex(json_object_array_get_idx(panels, i), "targets", &targets));
		for (size_t j = 0; j < json_object_array_length(targets); j++, count++) {
			assert_true(json_object_object_get_ex(json_object_array_get_idx(targets, j), "expr", &expr));
			check(without_variables(json_object_get_string(expr)), arg);
		}
	}
	return count;
}

static void must_be_understood(const char *query, void *arg)
{
	if (!ask(arg, query))
		test_fail("prometheus does not understand %s", query);
}

static void dashboard_asks_what_prometheus_understands(void **state)
{
	struct stack stack = {0, net_free_port()};

	(void)state;
	start_prometheus(&stack);
	assert_true(each_query(must_be_understood, &stack) > 10);
	assert_names_are_written(file_read(file_source("docs/fleet/dashboard.json"), NULL), "dashboard.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(prometheus_knows_the_close_wait_of_a_leaking_server),
		TEST(alert_rules_pass_their_tests),
		TEST(alerts_name_only_what_is_written),
		TEST(guide_lists_every_metric_and_no_other),
		TEST(dashboard_asks_what_prometheus_understands),
		TEST(log_goes_on_after_it_was_copied_and_truncated),
	};

	return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
