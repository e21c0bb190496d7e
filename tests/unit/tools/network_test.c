/*
 * Tests of debug information from servers: a program is stripped, and a server of HTTP on the loopback
 * device, a child of the test, has what was taken from it, or says nothing.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../tools/symbols/symbols.h"

#define BUILD_ID "0102030405060708"

static const char source[] = "int main(void)\n"
			     "{\n"
			     "	return 0;\n"
			     "}\n";

struct lab {
	char directory[64];
	char path[80];
	uint64_t offset; /* behind the first instruction of main */
	int listener;
	pid_t server;
	struct symbols *symbols;
};

static void in_lab(const struct lab *lab, const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && %s", lab->directory, command);
	assert_int_equal(system(line), 0);
}

static void make_program(struct lab *lab)
{
	char text[64] = "";
	char path[80];
	FILE *file;

	snprintf(path, sizeof(path), "%s/app.c", lab->directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(source, file);
	fclose(file);
	in_lab(lab, "cc -g -Wl,--build-id=0x" BUILD_ID " app.c -o app && nm app | sed -n 's/ T main$//p' >main"
		    " && objcopy --only-keep-debug app kept && strip app");
	snprintf(path, sizeof(path), "%s/main", lab->directory);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	lab->offset = strtoull(text, NULL, 16) + 1;
}

static void answer(int fd, const char *debug_file)
{
	static const char asked[] = "GET /buildid/" BUILD_ID "/debuginfo ";
	char request[4096] = "";
	char bytes[65536];
	ssize_t len = read(fd, request, sizeof(request) - 1);
	int file = open(debug_file, O_RDONLY);

	if (len > 0 && strncmp(request, asked, sizeof(asked) - 1) == 0 && file != -1) {
		len = read(file, bytes, sizeof(bytes));
		dprintf(fd, "HTTP/1.0 200 OK\r\nContent-Length: %zd\r\n\r\n", len);
		if (write(fd, bytes, (size_t)len) != len)
			_exit(1);
	} else {
		dprintf(fd, "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n");
	}
	close(file);
	close(fd);
}

/* One that answers; without, there is a listener whose connections nobody accepts. */
static void start_server(struct lab *lab)
{
	char debug_file[96];

	snprintf(debug_file, sizeof(debug_file), "%s/kept", lab->directory);
	lab->server = fork();
	assert_int_not_equal(lab->server, -1);
	if (lab->server == 0)
		for (;;)
			answer(accept(lab->listener, NULL, NULL), debug_file);
}

static int open_lab(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	struct lab *lab = calloc(1, sizeof(*lab));
	char url[64];

	strcpy(lab->directory, "/tmp/network-XXXXXX");
	*state = lab;
	if (!mkdtemp(lab->directory))
		return -1;
	snprintf(lab->path, sizeof(lab->path), "%s/app", lab->directory);
	make_program(lab);
	lab->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(lab->listener, (struct sockaddr *)&address, sizeof(address)) == -1 || listen(lab->listener, 8) == -1 ||
	    getsockname(lab->listener, (struct sockaddr *)&address, &len) == -1)
		return -1;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
	setenv("DEBUGINFOD_URLS", url, 1);
	setenv("DEBUGINFOD_CACHE_PATH", lab->directory, 1);
	setenv("DEBUGINFOD_TIMEOUT", "1", 1);
	unsetenv("http_proxy");
	lab->symbols = symbols_open();
	return 0;
}

static int close_lab(void **state)
{
	struct lab *lab = *state;
	char command[128];
	int status;

	symbols_close(lab->symbols);
	if (lab->server > 0) {
		kill(lab->server, SIGKILL);
		waitpid(lab->server, NULL, 0);
	}
	close(lab->listener);
	snprintf(command, sizeof(command), "rm -rf %s", lab->directory);
	status = system(command);
	free(lab);
	return status;
}

/* What is said on stderr meanwhile goes into `said`. */
static size_t find(const struct lab *lab, const struct symbols_frame **frames, char said[512])
{
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);
	size_t count, len;

	assert_non_null(file);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	count = symbols_find(lab->symbols, lab->path, BUILD_ID, lab->offset, frames);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(file);
	len = fread(said, 1, 511, file);
	said[len] = '\0';
	fclose(file);
	return count;
}

static void what_a_server_has_names_functions_and_lines(void **state)
{
	struct lab *lab = *state;
	const struct symbols_frame *frames;
	char said[512], expected[128];

	start_server(lab);
	assert_int_equal(find(lab, &frames, said), 1);
	assert_string_equal(frames[0].function, "main");
	assert_int_equal(frames[0].line, 2);
	snprintf(expected, sizeof(expected), "tcpwaitspy: asking %s for debug information; --no-debuginfod: not\n",
		 getenv("DEBUGINFOD_URLS"));
	assert_string_equal(said, expected);
}

static void a_server_that_says_nothing_is_left_alone(void **state)
{
	const struct lab *lab = *state;
	const struct symbols_frame *frames;
	char said[512];

	/* DEBUGINFOD_TIMEOUT is a second: less than the client's own would take, and one server's. */
	assert_int_equal(find(lab, &frames, said), 0);
	assert_non_null(strstr(said, "tcpwaitspy: no debug information of app after "));
	assert_non_null(strstr(said, "; nothing more is asked for\n"));
}

static void nothing_is_asked_of_anybody_where_that_is_not_wanted(void **state)
{
	struct lab *lab = *state;
	const struct symbols_frame *frames;
	char said[512];

	symbols_stay_offline(lab->symbols);
	assert_int_equal(find(lab, &frames, said), 0);
	assert_string_equal(said, "");
	fcntl(lab->listener, F_SETFL, O_NONBLOCK);
	assert_int_equal(accept(lab->listener, NULL, NULL), -1);
}

static void what_is_here_is_not_asked_for(void **state)
{
	struct lab *lab = *state;
	const struct symbols_frame *frames;
	char said[512];

	in_lab(lab, "objcopy --add-gnu-debuglink=kept app");
	assert_int_equal(find(lab, &frames, said), 1);
	assert_string_equal(frames[0].function, "main");
	assert_string_equal(said, "");
	assert_non_null(getenv("DEBUGINFOD_URLS"));
	fcntl(lab->listener, F_SETFL, O_NONBLOCK);
	assert_int_equal(accept(lab->listener, NULL, NULL), -1);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, open_lab, close_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(what_a_server_has_names_functions_and_lines),
		LAB(a_server_that_says_nothing_is_left_alone),
		LAB(nothing_is_asked_of_anybody_where_that_is_not_wanted),
		LAB(what_is_here_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
