/*
 * Reading flight records; see record.h.
 */
#include "record.h"

#include <errno.h>
#include <string.h>

#include "../../tools/read/source.h"
#include "test.h"

const char *record_options(const char *path, const char *further)
{
	return memory_text("record=%s:record_size=1M%s%s:log=%s", path, *further ? ":" : "", further,
			   file_temp("log.txt"));
}

static const char *name_of(const struct item *item)
{
	switch (item->type) {
	case ITEM_CALL:
		return memory_text("%s", item->call.name);
	case ITEM_FINDING:
		return memory_text("%s", item->finding.rule);
	case ITEM_PROCESS:
		return memory_text("%s", item->process.exe);
	default:
		return NULL;
	}
}

static const char *known_name(const struct record_item *items, size_t count, const struct item *item)
{
	/* Most calls have the name of one just before; the memory of a test is not for a copy of each. */
	for (size_t i = count; item->type == ITEM_CALL && i > 0 && count - i < 16; i--)
		if (items[i - 1].type == ITEM_CALL && strcmp(items[i - 1].name, item->call.name) == 0)
			return items[i - 1].name;
	return name_of(item);
}

struct record record_read(const char *path)
{
	struct source *source = source_open(path);
	struct record_item *items = NULL, *more;
	struct record record = {.count = 0};
	size_t room = 0;
	struct item item;

	if (!source)
		test_fail("%s cannot be read: %s", path, strerror(errno));
	while (source_next(source, &item)) {
		if (record.count == room) {
			room = room * 2 + 1024;
			more = realloc(items, room * sizeof(*items));
			assert_non_null(more);
			items = more;
		}
		items[record.count] = (struct record_item){
			.type = (int)item.type,
			.pid = item.pid,
			.tid = item.tid,
			.ts_ns = item.ts_ns,
			.conn = item.conn,
			.state = item.state,
			.ret = item.type == ITEM_CALL ? item.call.ret : 0,
			.name = known_name(items, record.count, &item),
		};
		record.count++;
	}
	record.items = items;
	record.skipped = source_skipped(source);
	if (source_trouble(source))
		record.trouble = memory_text("%s", source_trouble(source));
	source_close(source);
	return record;
}

void record_free(struct record *record)
{
	free(record->items);
	*record = (struct record){.count = 0};
}

size_t record_count(const struct record *record, int type, int pid, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < record->count; i++) {
		const struct record_item *item = &record->items[i];

		count += item->type == type && (!pid || item->pid == pid) &&
			 (!name || (item->name && strcmp(item->name, name) == 0));
	}
	return count;
}
