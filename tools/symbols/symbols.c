/*
 * The modules that were asked for, each opened once; see symbols.h.
 */
#include "symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../read/room.h"
#include "dwarf.h"
#include "network.h"
#include "text.h"

#define BUILD_ID_TEXT 129

struct module {
	struct module *next;
	const char *path;
	const char *build_id; /* of the log; NULL: not known */
	Dwfl *dwfl; /* NULL: it cannot be used */
	Dwfl_Module *dwfl_module;
};

struct symbols {
	struct room room;
	struct network network;
	Dwfl_Callbacks callbacks;
	const char *directory; /* of debug information, beside the usual one; NULL: none was given */
	char *search; /* libdwfl's list of such; NULL: its default */
	struct module *modules;
	struct text_file *texts;
	const char **troubles;
	size_t trouble_count;
};

static void add_trouble(struct symbols *symbols, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_trouble(struct symbols *symbols, const char *format, ...)
{
	const char **list = realloc(symbols->troubles, (symbols->trouble_count + 1) * sizeof(*list));
	char line[1024];
	va_list args;

	if (!list)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	symbols->troubles = list;
	list[symbols->trouble_count++] = room_text(&symbols->room, line, strlen(line));
}

/* Where distributions put the debug information of what they have installed; libdwfl's own default. */
#define DEBUG_DIRECTORY "/usr/lib/debug"

struct symbols *symbols_open(void)
{
	struct symbols *symbols = calloc(1, sizeof(struct symbols));

	if (symbols)
		symbols->callbacks = (Dwfl_Callbacks){
			.find_elf = dwfl_build_id_find_elf,
			.find_debuginfo = network_find_debuginfo,
			.section_address = dwfl_offline_section_address,
			.debuginfo_path = &symbols->search,
		};
	return symbols;
}

void symbols_look_in(struct symbols *symbols, const char *directory)
{
	char path[PATH_MAX];
	char search[PATH_MAX + 64];

	/* For libdwfl a name without a slash in front is one beside the module. */
	if (!realpath(directory, path)) {
		add_trouble(symbols, "%s: %s: no debug information from there", directory, strerror(errno));
		return;
	}
	snprintf(search, sizeof(search), ":.debug:%s:%s", path, DEBUG_DIRECTORY);
	symbols->directory = room_text(&symbols->room, path, strlen(path));
	symbols->search = room_text(&symbols->room, search, strlen(search));
}

void symbols_stay_offline(struct symbols *symbols)
{
	symbols->network.off = true;
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	for (struct module *module = symbols->modules; module; module = module->next)
		if (module->dwfl)
			dwfl_end(module->dwfl);
	text_close(symbols->texts);
	free(symbols->troubles);
	room_close(&symbols->room);
	free(symbols);
}

/* A log may name anything: only regular files are opened, and none is waited for. */
static int open_regular(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd == -1 || (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)))
		return fd;
	close(fd);
	errno = ENOEXEC;
	return -1;
}

static void build_id_text(Dwfl_Module *module, char text[BUILD_ID_TEXT])
{
	const unsigned char *bits;
	GElf_Addr address;
	int len = dwfl_module_build_id(module, &bits, &address);

	*text = '\0';
	for (int i = 0; i < len && 2 * i + 2 < BUILD_ID_TEXT; i++)
		snprintf(text + (size_t)2 * i, 3, "%02x", bits[i]);
}

/*
 * Addresses are then as the file has them, which is what the log's offsets are. False: the file
 * cannot be used; `found` is its build id, "" where it has none or is no ELF file.
 */
static bool open_file(struct symbols *symbols, struct module *module, const char *path, char found[BUILD_ID_TEXT])
{
	int fd = open_regular(path);
	void **userdata;
	int error;

	*found = '\0';
	if (fd == -1)
		return false;
	module->dwfl = dwfl_begin(&symbols->callbacks);
	dwfl_report_begin(module->dwfl);
	module->dwfl_module = dwfl_report_elf(module->dwfl, path, path, fd, 0, true);
	dwfl_report_end(module->dwfl, NULL, NULL);
	if (module->dwfl_module) {
		dwfl_module_info(module->dwfl_module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
		*userdata = &symbols->network;
		build_id_text(module->dwfl_module, found);
		if (!module->build_id || strcmp(found, module->build_id) == 0)
			return true;
	} else {
		close(fd);
	}
	error = module->dwfl_module ? ESTALE : ENOEXEC;
	dwfl_end(module->dwfl);
	module->dwfl = NULL;
	module->dwfl_module = NULL;
	errno = error;
	return false;
}

static bool open_debug_file(struct symbols *symbols, struct module *module, const char *directory)
{
	char path[PATH_MAX + 256];
	char found[BUILD_ID_TEXT];

	if (!directory || !module->build_id || strlen(module->build_id) < 3 || strchr(module->build_id, '/'))
		return false;
	snprintf(path, sizeof(path), "%s/.build-id/%.2s/%.200s.debug", directory, module->build_id,
		 module->build_id + 2);
	return open_file(symbols, module, path, found);
}

static struct module *module_of(struct symbols *symbols, const char *path, const char *build_id)
{
	struct module *module = symbols->modules;
	char found[BUILD_ID_TEXT];
	int error;

	for (; module; module = module->next)
		if (strcmp(module->path, path) == 0 && !module->build_id == !build_id &&
		    (!build_id || strcmp(module->build_id, build_id) == 0))
			return module;
	module = room_get(&symbols->room, sizeof(*module));
	module->path = room_text(&symbols->room, path, strlen(path));
	module->build_id = build_id ? room_text(&symbols->room, build_id, strlen(build_id)) : NULL;
	module->next = symbols->modules;
	symbols->modules = module;
	if (open_file(symbols, module, path, found))
		return module;
	error = errno;
	if (open_debug_file(symbols, module, symbols->directory) || open_debug_file(symbols, module, DEBUG_DIRECTORY))
		return module;
	if (error == ESTALE)
		add_trouble(symbols, "%s is another build than the one logged (build id %.12s, logged %.12s): not used",
			    path, *found ? found : "none", build_id);
	else
		add_trouble(symbols, "%s: %s: names are the log's", path, strerror(error));
	return module;
}

/* The same file elsewhere: on another host it may have another path. */
static struct module *same_build(const struct symbols *symbols, const char *build_id)
{
	struct module *module = build_id ? symbols->modules : NULL;

	while (module && !(module->dwfl_module && module->build_id && strcmp(module->build_id, build_id) == 0))
		module = module->next;
	return module;
}

size_t symbols_find(struct symbols *symbols, const char *module_path, const char *build_id, uint64_t offset,
		    const struct symbols_frame **frames)
{
	struct symbols_frame found[DWARF_FRAMES];
	struct module *module = module_path && offset ? module_of(symbols, module_path, build_id) : NULL;
	struct symbols_frame *kept;
	size_t count;

	*frames = NULL;
	if (module && !module->dwfl_module)
		module = same_build(symbols, build_id);
	if (!module)
		return 0;
	count = dwarf_frames(module->dwfl_module, offset - 1, &symbols->room, found);
	if (!count)
		return 0;
	kept = room_get(&symbols->room, count * sizeof(*kept));
	memcpy(kept, found, count * sizeof(*kept));
	*frames = kept;
	return count;
}

const char *symbols_source_row(struct symbols *symbols, const char *file, int line)
{
	return text_line(&symbols->texts, file, line);
}

const char *symbols_source_line(struct symbols *symbols, const char *file, int line)
{
	const char *row = symbols_source_row(symbols, file, line);

	return row ? row + strspn(row, " \t") : NULL;
}

size_t symbols_troubles(const struct symbols *symbols, const char *const **lines)
{
	*lines = symbols->troubles;
	return symbols->trouble_count;
}
