/*
 * Reads, puts together, and hands the model to the writers; see report.h.
 *
 * Exit status: 1 where findings reach --fail-on, 126 where a file could not be read or written, 130 where
 * Ctrl-C ended the reading (what was read is reported nevertheless), 0 otherwise.
 */
#include "report.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../cli/command.h"
#include "input.h"
#include "options.h"
#include "text.h"
#include "writer.h"

/* As shells have it for a program that SIGINT ended. */
#define STATUS_INTERRUPTED (128 + SIGINT)
#define TROUBLES_SHOWN	   5

static bool write_to(FILE *out, const char *path, const struct report_writer *writer, const struct model *model)
{
	int error;

	if (out)
		writer->write(model, out);
	/* Also where the disk is full: only then has all of it been tried to be written. */
	if (out && fflush(out) == 0 && !ferror(out) && (out == stdout || fclose(out) == 0))
		return true;
	error = errno;
	if (out && out != stdout)
		fclose(out);
	fprintf(stderr, "tcpwaitspy: %s: %s\n", path, strerror(error));
	return false;
}

static bool write_outputs(const struct report_options *options, const struct model *model)
{
	bool good = true;

	for (size_t i = 0; report_writers[i].name; i++) {
		const char *path = options->outputs[i];

		if (path)
			good &= write_to(strcmp(path, "-") == 0 ? stdout : fopen(path, "we"), path, &report_writers[i],
					 model);
	}
	return good;
}

static void tell_symbol_troubles(const struct symbols *symbols)
{
	const char *const *lines;
	size_t count = symbols_troubles(symbols, &lines);

	for (size_t i = 0; i < count && i < TROUBLES_SHOWN; i++)
		fprintf(stderr, "tcpwaitspy: %s\n", lines[i]);
	if (count > TROUBLES_SHOWN)
		fprintf(stderr, "tcpwaitspy: and %zu more modules without file and line\n", count - TROUBLES_SHOWN);
}

static bool reaches(const struct model *model, const struct report_options *options)
{
	/* Worst first. */
	return options->fails && model->groups_count && model->groups[0].severity >= options->fail_on;
}

static int status_of(const struct model *model, const struct report_options *options, const struct input_result *input,
		     bool written)
{
	if (input->interrupted)
		return STATUS_INTERRUPTED;
	if (reaches(model, options))
		return STATUS_FINDINGS;
	return input->failed || !written ? STATUS_CANNOT : STATUS_GOOD;
}

int report_command(int argc, char **argv)
{
	struct report_options options;
	struct input_result input;
	struct symbols *symbols;
	struct model *model;
	bool written;
	int status = report_options_read(&options, argc, argv);

	if (status != REPORT_OPTIONS_GO)
		return status;
	model = model_open(&options.filter);
	input = input_read(model, options.inputs, options.input_count);
	if (!input.read && !input.interrupted) {
		model_close(model);
		return STATUS_CANNOT;
	}
	symbols = symbols_open();
	if (symbols && options.offline)
		symbols_stay_offline(symbols);
	if (symbols && options.debug_directory)
		symbols_look_in(symbols, options.debug_directory);
	model_finish(model, symbols);
	tell_symbol_troubles(symbols);
	written = write_outputs(&options, model);
	if (!options.to_stdout) {
		struct out out = out_make(stdout, options.colors);

		text_report(&out, model, options.top, options.verbose);
	}
	if (fflush(stdout) != 0) {
		fprintf(stderr, "tcpwaitspy: standard output: %s\n", strerror(errno));
		written = false;
	}
	status = status_of(model, &options, &input, written);
	model_close(model);
	symbols_close(symbols);
	return status;
}
