/*
 * Asks debuginfod, with a bound; see network.h. Its client is opened when it is wanted: most have none.
 */
#include "network.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../read/moment.h"

#define URLS	      "DEBUGINFOD_URLS"
#define ANSWER_S      5
#define DOWNLOAD_S    60
#define FIRST_SHOW_MS 1000
/* Until a server has been chosen the client tells how often it looked, which is once a second, and not bytes. */
#define LOOKS 10000

typedef int progress_fn(debuginfod_client *client, long done, long size);

struct library {
	debuginfod_client *(*begin)(void);
	void (*end)(debuginfod_client *client);
	int (*find_debuginfo)(debuginfod_client *client, const unsigned char *build_id, int len, char **path);
	void (*set_progressfn)(debuginfod_client *client, progress_fn *progress);
	void (*set_user_data)(debuginfod_client *client, void *data);
	void *(*get_user_data)(debuginfod_client *client);
};

static struct library library;

static bool open_library(void)
{
	static const char *const names[] = {
		"debuginfod_begin",	     "debuginfod_end",		 "debuginfod_find_debuginfo",
		"debuginfod_set_progressfn", "debuginfod_set_user_data", "debuginfod_get_user_data",
	};
	void *symbols[sizeof(names) / sizeof(names[0])];
	void *handle = library.begin ? NULL : dlopen("libdebuginfod.so.1", RTLD_LAZY | RTLD_LOCAL);

	_Static_assert(sizeof(symbols) == sizeof(library), "a name for each member");
	for (size_t i = 0; handle && i < sizeof(names) / sizeof(names[0]); i++)
		if (!(symbols[i] = dlsym(handle, names[i])))
			handle = NULL;
	if (handle)
		memcpy(&library, symbols, sizeof(library));
	return library.begin != NULL;
}

static int64_t seconds(const char *variable, int64_t otherwise)
{
	const char *text = getenv(variable);
	long value = text ? strtol(text, NULL, 10) : 0;

	return value > 0 ? value : otherwise;
}

/* The client calls it about once a second; anything but 0 ends the download. */
static int on_progress(debuginfod_client *client, long done, long size)
{
	struct network *network = library.get_user_data(client);
	int64_t waited_ms = moment_uptime_ms() - network->began_ms;
	bool answers = size > 0 || done > LOOKS;

	if (waited_ms >= FIRST_SHOW_MS && isatty(STDERR_FILENO)) {
		fprintf(stderr, "\r\033[K%s: %lld s", network->module, (long long)waited_ms / 1000);
		if (answers)
			fprintf(stderr, ", %ld kB", done >> 10);
		if (size > 0)
			fprintf(stderr, " of %ld", size >> 10);
		fflush(stderr);
		network->on_screen = true;
	}
	network->slow = waited_ms >= 1000 * (answers ? seconds("DEBUGINFOD_MAXTIME", DOWNLOAD_S)
						     : seconds("DEBUGINFOD_TIMEOUT", ANSWER_S));
	return network->slow;
}

static int ask(struct network *network, const unsigned char *build_id, int len, char **found)
{
	debuginfod_client *handle = open_library() ? library.begin() : NULL;
	int fd;

	if (!handle) {
		network->off = true;
		return -1;
	}
	if (!network->said)
		fprintf(stderr, "tcpwaitspy: asking %s for debug information; --no-debuginfod: not\n", getenv(URLS));
	network->said = true;
	network->slow = false;
	network->began_ms = moment_uptime_ms();
	library.set_user_data(handle, network);
	library.set_progressfn(handle, on_progress);
	fd = library.find_debuginfo(handle, build_id, len, found);
	library.end(handle);
	if (network->on_screen)
		fputs("\r\033[K", stderr);
	network->on_screen = false;
	if (network->slow) {
		fprintf(stderr, "tcpwaitspy: no debug information of %s after %lld s; nothing more is asked for\n",
			network->module, (long long)(moment_uptime_ms() - network->began_ms) / 1000);
		network->off = true;
	}
	return fd;
}

static int find_here(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
		     const char *link, GElf_Word crc, char **found)
{
	const char *urls = getenv(URLS);
	char *kept = urls ? strdup(urls) : NULL;
	int fd;

	unsetenv(URLS);
	fd = dwfl_standard_find_debuginfo(module, userdata, name, base, file, link, crc, found);
	if (kept)
		setenv(URLS, kept, 1);
	free(kept);
	return fd;
}

int network_find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, const char *file,
			   const char *link, GElf_Word crc, char **found)
{
	struct network *network = *userdata;
	const char *urls = getenv(URLS);
	int fd = find_here(module, userdata, name, base, file, link, crc, found);
	const unsigned char *build_id;
	GElf_Addr address;
	int len;

	if (fd >= 0 || network->off || !urls || !*urls)
		return fd;
	len = dwfl_module_build_id(module, &build_id, &address);
	network->module = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	return len > 0 ? ask(network, build_id, len, found) : -1;
}
