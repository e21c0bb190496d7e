/*
 * TCPWAITSPY_OPTIONS with any text: every setting is within its limits after it, every complaint is
 * a line, and what help=1 prints is read back as what it was.
 */
#include "fuzz.h"

#include <string.h>

#include "../../shim/config/options.h"

static void check_lines(const struct spy_buf *buf)
{
	FUZZ_PROMISE(buf->len <= buf->size);
	FUZZ_PROMISE(buf->len == 0 || buf->data[buf->len - 1] == '\n');
}

static void check_settings(const struct spy_options *options)
{
	FUZZ_PROMISE(memchr(options->log, '\0', sizeof(options->log)));
	FUZZ_PROMISE(memchr(options->rules, '\0', sizeof(options->rules)));
	FUZZ_PROMISE(memchr(options->suppressions, '\0', sizeof(options->suppressions)));
	FUZZ_PROMISE(options->close_wait_ns <= INT64_MAX && options->fin_wait_ns <= INT64_MAX);
	FUZZ_PROMISE(options->watch_ns <= INT64_MAX);
	FUZZ_PROMISE(options->stack_frames <= SPY_STACK_FRAMES_MAX);
	FUZZ_PROMISE(options->exitcode >= 0 && options->exitcode <= 255);
	FUZZ_PROMISE(options->dump_signal >= 0 && options->dump_signal <= 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct spy_options options;
	static char complaints[16384], help[16384];
	struct spy_buf complained = SPY_BUF(complaints), helped = SPY_BUF(help);
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	spy_options_parse(&options, text, &complained);
	check_lines(&complained);
	check_settings(&options);
	spy_options_help(&options, &helped);
	check_lines(&helped);
	free(text);
	return 0;
}
