/*
 * Reads the JSON logs of traced processes once each; see ps_place.h.
 */
#include "ps_place.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../shim/config/options.h"
#include "../cli/words.h"
#include "../read/source.h"

#define BUCKETS 4096

/* Equal addresses, one after the other, are one entry: what is asked for is the last of them. */
struct entry {
	struct entry *next;
	char *local;
	char *peer;
	struct ps_story story;
};

struct log {
	struct log *next;
	int pid;
	char trouble[PATH_MAX + 128];
	struct entry *entries[BUCKETS];
};

struct ps_places {
	struct symbols *symbols;
	struct log *logs;
};

struct ps_places *ps_places_open(bool offline)
{
	struct ps_places *places = words_room(sizeof(*places));

	*places = (struct ps_places){.symbols = symbols_open()};
	if (places->symbols && offline)
		symbols_stay_offline(places->symbols);
	return places;
}

static void free_entries(struct entry *entry)
{
	for (struct entry *next; entry; entry = next) {
		next = entry->next;
		free(entry->local);
		free(entry->peer);
		free(entry->story.rule);
		free(entry->story.place);
		free(entry->story.last_call);
		free(entry);
	}
}

void ps_places_close(struct ps_places *places)
{
	for (struct log *log = places->logs, *next; log; log = next) {
		next = log->next;
		for (size_t i = 0; i < BUCKETS; i++)
			free_entries(log->entries[i]);
		free(log);
	}
	if (places->symbols)
		symbols_close(places->symbols);
	free(places);
}

/* A variable of another process, as it was at its last exec; the caller frees it. */
static char *variable_of(int pid, const char *name)
{
	char path[64];
	char *text = NULL;
	char *found = NULL;
	size_t size = 0;
	size_t len = strlen(name);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	file = fopen(path, "re");
	while (file && !found && getdelim(&text, &size, '\0', file) > 0)
		if (strncmp(text, name, len) == 0 && text[len] == '=')
			found = words_copy(text + len + 1);
	free(text);
	if (file)
		fclose(file);
	return found;
}

/* The template of `log` for a process, seen from here: its root may be another one. */
static void expand(int pid, const char *template, char *path, size_t size)
{
	char link[64];
	char exe[PATH_MAX];
	ssize_t len;
	const char *name;
	size_t used;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	len = readlink(link, exe, sizeof(exe) - 1);
	exe[len > 0 ? len : 0] = '\0';
	name = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
	if (*template == '/')
		used = (size_t)snprintf(path, size, "/proc/%d/root", pid);
	else
		used = (size_t)snprintf(path, size, "/proc/%d/cwd/", pid);
	for (; *template && used < size - 1; template ++) {
		if (template[0] == '%' && template[1] == 'p') {
			used += (size_t)snprintf(path + used, size - used, "%d", pid);
			template ++;
		} else if (template[0] == '%' && template[1] == 'e') {
			used += (size_t)snprintf(path + used, size - used, "%s", name);
			template ++;
		} else {
			template += template[0] == '%' && template[1] == '%';
			path[used++] = *template;
		}
	}
	path[used < size ? used : size - 1] = '\0';
}

/* FNV-1a. */
static size_t bucket_of(const char *local, const char *peer)
{
	uint32_t hash = UINT32_C(2166136261);

	for (; *local; local++)
		hash = (hash ^ (unsigned char)*local) * UINT32_C(16777619);
	for (; *peer; peer++)
		hash = (hash ^ (unsigned char)*peer) * UINT32_C(16777619);
	return hash % BUCKETS;
}

static struct entry *find_entry(const struct log *log, const char *local, const char *peer)
{
	struct entry *entry = log->entries[bucket_of(local, peer)];

	while (entry && (strcmp(entry->local, local) != 0 || strcmp(entry->peer, peer) != 0))
		entry = entry->next;
	return entry;
}

static struct entry *make_entry(struct log *log, const char *local, const char *peer)
{
	struct entry **bucket = &log->entries[bucket_of(local, peer)];
	struct entry *entry = find_entry(log, local, peer);

	if (entry)
		return entry;
	entry = words_room(sizeof(*entry));
	*entry = (struct entry){.next = *bucket, .local = words_copy(local), .peer = words_copy(peer)};
	*bucket = entry;
	return entry;
}

static char *place_of(struct ps_places *places, const struct item_frame *frame)
{
	const struct symbols_frame *spots = NULL;
	size_t count = places->symbols && frame->module
			       ? symbols_find(places->symbols, frame->module, frame->build_id, frame->offset, &spots)
			       : 0;
	const char *function = count && spots[0].function ? spots[0].function : frame->function;
	char text[PATH_MAX + 256];

	if (count && spots[0].file && spots[0].line)
		snprintf(text, sizeof(text), "%s %s:%d", function ? function : "??",
			 strrchr(spots[0].file, '/') ? strrchr(spots[0].file, '/') + 1 : spots[0].file, spots[0].line);
	else
		snprintf(text, sizeof(text), "%s (%s+0x%" PRIx64 ")", function && *function ? function : "??",
			 frame->module && strrchr(frame->module, '/') ? strrchr(frame->module, '/') + 1 : "??",
			 frame->offset);
	return words_copy(text);
}

static void take(struct ps_places *places, struct log *log, const struct item *item)
{
	struct entry *entry;
	char text[128];

	if (!item->local || !*item->local || !item->peer || !*item->peer)
		return;
	if (item->type != ITEM_CALL && item->type != ITEM_FINDING)
		return;
	entry = make_entry(log, item->local, item->peer);
	if (item->type == ITEM_CALL) {
		snprintf(text, sizeof(text), "%s() = %" PRId64, item->call.name, item->call.ret);
		free(entry->story.last_call);
		entry->story.last_call = words_copy(text);
		return;
	}
	free(entry->story.rule);
	free(entry->story.place);
	entry->story.rule = words_copy(item->finding.rule);
	entry->story.place = item->finding.stacks[item->finding.place].count
				     ? place_of(places, &item->finding.stacks[item->finding.place].frames[0])
				     : NULL;
}

/* The file that tells most: a JSON log, else a flight record; NULL: there is neither. */
static const char *file_of(const struct spy_options *options)
{
	if (options->format == SPY_FORMAT_JSON && strcmp(options->log, "stderr") != 0)
		return options->log;
	return options->record[0] ? options->record : NULL;
}

static void read_log(struct ps_places *places, struct log *log)
{
	char *text = variable_of(log->pid, "TCPWAITSPY_OPTIONS");
	char path[PATH_MAX];
	struct spy_buf none = {.data = NULL};
	struct spy_options options;
	struct source *source;
	struct item item;
	const char *file;

	spy_options_parse(&options, text ? text : "", &none);
	free(text);
	file = file_of(&options);
	if (!file) {
		snprintf(log->trouble, sizeof(log->trouble),
			 "its log is %s, and only a JSON log in a file or a flight record tells places",
			 strcmp(options.log, "stderr") == 0 ? "its stderr" : "text");
		return;
	}
	expand(log->pid, file, path, sizeof(path));
	source = source_open(path);
	if (!source) {
		snprintf(log->trouble, sizeof(log->trouble), "its log %s cannot be read: %m", file);
		return;
	}
	while (source_next(source, &item))
		if (item.pid == log->pid)
			take(places, log, &item);
	source_close(source);
}

static struct log *log_of(struct ps_places *places, int pid)
{
	struct log *log = places->logs;

	while (log && log->pid != pid)
		log = log->next;
	if (log)
		return log;
	log = words_room(sizeof(*log));
	*log = (struct log){.next = places->logs, .pid = pid};
	places->logs = log;
	read_log(places, log);
	return log;
}

const struct ps_story *ps_places_find(struct ps_places *places, int pid, const char *local, const char *peer)
{
	const struct entry *entry = find_entry(log_of(places, pid), local, peer);

	return entry ? &entry->story : NULL;
}

const char *ps_places_trouble(struct ps_places *places, int pid)
{
	const struct log *log = log_of(places, pid);

	return log->trouble[0] ? log->trouble : NULL;
}
