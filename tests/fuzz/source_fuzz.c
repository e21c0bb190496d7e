/*
 * A log of any bytes, in whatever format they look like: reading comes to an end, texts are ended,
 * states are states, and what could not be read is said.
 */
#include "fuzz.h"

#include <string.h>

#include "../../tools/read/source.h"

static volatile size_t touched; /* so that reading the texts is not left out */

static void touch(const char *text)
{
	touched += text ? strlen(text) : 0;
}

static void check_frame(const struct item_frame *frame)
{
	touch(frame->module);
	touch(frame->build_id);
	touch(frame->function);
}

static void check_pairs(const struct item_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		touch(pairs->pairs[i].name);
		touch(pairs->pairs[i].value);
	}
}

static void check_state(int state)
{
	FUZZ_PROMISE(state >= ITEM_NO_STATE && state < SPY_STATE_COUNT);
}

static void check_finding(const struct item_finding *finding)
{
	touch(finding->rule);
	touch(finding->severity);
	touch(finding->cause);
	touch(finding->message);
	touch(finding->remedy);
	check_pairs(&finding->evidence);
	for (size_t story = 0; story < SPY_STORY_COUNT; story++)
		for (size_t i = 0; i < finding->stacks[story].count; i++)
			check_frame(&finding->stacks[story].frames[i]);
}

static void check_summary(const struct item_summary *summary)
{
	for (size_t i = 0; i < summary->place_count; i++) {
		touch(summary->places[i].rule);
		check_frame(&summary->places[i].frame);
	}
	for (size_t i = 0; i < summary->wait_place_count; i++) {
		check_state(summary->wait_places[i].state);
		check_frame(&summary->wait_places[i].frame);
	}
	for (size_t i = 0; i < summary->open_count; i++)
		touch(summary->open[i].peer);
}

static void check(const struct item *item)
{
	touch(item->local);
	touch(item->peer);
	for (size_t i = 0; i < item->frames.count; i++)
		check_frame(&item->frames.frames[i]);
	switch (item->type) {
	case ITEM_PROCESS:
		touch(item->process.host);
		touch(item->process.exe);
		touch(item->process.argv);
		touch(item->process.options);
		break;
	case ITEM_CALL:
		touch(item->call.name);
		touch(item->call.error);
		check_pairs(&item->call.args);
		check_state(item->state);
		check_state(item->state_before);
		break;
	case ITEM_STATE:
		check_state(item->state);
		check_state(item->state_before);
		break;
	case ITEM_FINDING:
		check_finding(&item->finding);
		break;
	case ITEM_SUMMARY:
		check_summary(&item->summary);
		break;
	case ITEM_STACK:
		FUZZ_PROMISE(item->frames.count);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source *source;
	struct item item;
	size_t items = 0;
	char path[64];

	fuzz_file(data, size, path, sizeof(path));
	source = source_open(path);
	if (!source)
		return 0;
	for (int ended = 0; ended < 2; ended++) {
		while (source_next(source, &item)) {
			check(&item);
			FUZZ_PROMISE(++items <= size + 1);
		}
		source_end(source);
	}
	FUZZ_PROMISE(source_skipped(source) == 0 || source_trouble(source));
	touch(source_trouble(source));
	source_close(source);
	return 0;
}
