/*
 * Reads the JSON logs of traced processes once each; see place.h.
 */
#include "place.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../shim/config/options.h"
#include "../cli/words.h"
#include "../read/source.h"
#include "spot.h"

#define BUCKETS	   4096
#define STACKS_MAX (UINT32_C(1) << 16) /* a process has 8192; a damaged log may claim any number */

/* Of connections with equal addresses, which come one after the other, the last one is asked for. */
struct entry {
	struct entry *next;
	char *local;
	char *peer;
	uint64_t conn;
	char *last_call;
	struct found *found; /* the last finding about it; NULL: none */
	uint32_t stacks[SPY_STORY_COUNT]; /* where it was made and its end of file read; 0: not known */
	struct ps_story story;
};

/* What a finding says about all that came to its place. */
struct found {
	struct found *next;
	char *rule;
	int state;
	enum spy_story story;
	struct ps_spot spot; /* module NULL: the log has no stack */
};

struct log {
	struct log *next;
	int pid;
	uint64_t close_wait_ns;
	struct found *found; /* the last one first */
	struct ps_spot *stacks; /* innermost frames, by the number of the stack in this process */
	uint32_t stack_count;
	char trouble[PATH_MAX + 128];
	struct entry *entries[BUCKETS];
};

struct ps_places {
	struct symbols *symbols;
	struct log *logs;
};

struct ps_places *ps_places_open(bool offline, const char *debug_directory)
{
	struct ps_places *places = words_room(sizeof(*places));

	*places = (struct ps_places){.symbols = symbols_open()};
	if (places->symbols && offline)
		symbols_stay_offline(places->symbols);
	if (places->symbols && debug_directory)
		symbols_look_in(places->symbols, debug_directory);
	return places;
}

static void free_entries(struct entry *entry)
{
	for (struct entry *next; entry; entry = next) {
		next = entry->next;
		free(entry->local);
		free(entry->peer);
		free(entry->last_call);
		free(entry);
	}
}

static void free_log(struct log *log)
{
	for (struct found *found = log->found, *next; found; found = next) {
		next = found->next;
		free(found->rule);
		ps_spot_free(&found->spot);
		free(found);
	}
	for (uint32_t i = 0; i < log->stack_count; i++)
		ps_spot_free(&log->stacks[i]);
	free(log->stacks);
	for (size_t i = 0; i < BUCKETS; i++)
		free_entries(log->entries[i]);
	free(log);
}

void ps_places_close(struct ps_places *places)
{
	for (struct log *log = places->logs, *next; log; log = next) {
		next = log->next;
		free_log(log);
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

/* The innermost frame of a stack, NULL where the log has not told it. */
static struct ps_spot *stack_of(const struct log *log, uint32_t number)
{
	return number && number < log->stack_count ? &log->stacks[number] : NULL;
}

static void take_frames(struct log *log, const struct item *item)
{
	if (!item->frames.count || !item->stack || item->stack >= STACKS_MAX)
		return;
	if (item->stack >= log->stack_count) {
		struct ps_spot *more = words_room((item->stack + 1) * sizeof(*more));

		memset(more, 0, (item->stack + 1) * sizeof(*more));
		if (log->stack_count)
			memcpy(more, log->stacks, log->stack_count * sizeof(*more));
		free(log->stacks);
		log->stacks = more;
		log->stack_count = item->stack + 1;
	}
	ps_spot_free(&log->stacks[item->stack]);
	log->stacks[item->stack] = ps_spot_of(&item->frames);
}

static void take_call(struct entry *entry, const struct item *item)
{
	char text[128];

	snprintf(text, sizeof(text), "%s() = %" PRId64, item->call.name, item->call.ret);
	free(entry->last_call);
	entry->last_call = words_copy(text);
	if (item->accepted || strcmp(item->call.name, "socket") == 0)
		entry->stacks[SPY_STORY_CREATED] = item->stack;
	if (item->call.observed_eof && !entry->stacks[SPY_STORY_EOF])
		entry->stacks[SPY_STORY_EOF] = item->stack;
}

static struct found *take_finding(struct log *log, const struct item *item)
{
	struct found *found = words_room(sizeof(*found));

	*found = (struct found){
		.next = log->found,
		.rule = words_copy(item->finding.rule),
		.state = item->state,
		.story = item->finding.place,
		.spot = ps_spot_of(&item->finding.stacks[item->finding.place]),
	};
	log->found = found;
	return found;
}

static void take(struct log *log, const struct item *item)
{
	struct entry *entry;

	take_frames(log, item);
	if (!item->local || !*item->local || !item->peer || !*item->peer)
		return;
	if (item->type != ITEM_CALL && item->type != ITEM_FINDING)
		return;
	entry = make_entry(log, item->local, item->peer);
	if (entry->conn != item->conn) {
		entry->conn = item->conn;
		entry->found = NULL;
		memset(entry->stacks, 0, sizeof(entry->stacks));
	}
	if (item->type == ITEM_CALL)
		take_call(entry, item);
	else
		entry->found = take_finding(log, item);
}

/* The file that tells most: a JSON log with calls, a flight record, or a log of findings; NULL: there is none. */
static const char *file_of(const struct spy_options *options)
{
	if (options->calls == SPY_CALLS_NONE && options->record[0])
		return options->record;
	if (options->format == SPY_FORMAT_JSON && strcmp(options->log, "stderr") != 0)
		return options->log;
	return options->record[0] ? options->record : NULL;
}

static void read_log(struct log *log)
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
	log->close_wait_ns = options.close_wait_ns;
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
			take(log, &item);
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
	read_log(log);
	return log;
}

/*
 * A process prints a finding once for each place and counts the others. A connection that came by the same place
 * to the state that the finding is about, and is in it for as long as makes it one, is one of those.
 */
static struct found *found_like_it(const struct log *log, const struct entry *entry, const struct ps_socket *socket)
{
	struct found *found = log->found;

	if (socket->state != SPY_STATE_CLOSE_WAIT || socket->age_ms == PS_NO_AGE ||
	    (uint64_t)socket->age_ms * SPY_NS_PER_MS < log->close_wait_ns)
		return NULL;
	for (; found; found = found->next) {
		const struct ps_spot *spot = stack_of(log, entry->stacks[found->story]);

		/* One whose end of file was read is charged to that place. */
		if (found->story == SPY_STORY_CREATED && entry->stacks[SPY_STORY_EOF])
			continue;
		if (found->state == socket->state && strstr(found->rule, "close-wait") && spot &&
		    ps_spot_is(spot, &found->spot))
			return found;
	}
	return NULL;
}

const struct ps_story *ps_places_find(struct ps_places *places, int pid, const struct ps_socket *socket,
				      const char *local, const char *peer)
{
	struct log *log = log_of(places, pid);
	struct entry *entry = find_entry(log, local, peer);
	struct found *found;
	struct ps_spot *made;

	if (!entry)
		return NULL;
	found = entry->found ? entry->found : found_like_it(log, entry, socket);
	made = stack_of(log, entry->stacks[SPY_STORY_CREATED]);
	entry->story = (struct ps_story){
		.rule = found ? found->rule : NULL,
		.place = found ? ps_spot_text(places->symbols, &found->spot) : NULL,
		.made = made ? ps_spot_text(places->symbols, made) : NULL,
		.last_call = entry->last_call,
	};
	return &entry->story;
}

const char *ps_places_trouble(struct ps_places *places, int pid)
{
	const struct log *log = log_of(places, pid);

	return log->trouble[0] ? log->trouble : NULL;
}
