/*
 * The constructor: settings, the log, the sockets that are there already. Runs once, before
 * main(), usually on the only thread. Until it is done every hook passes through.
 */
#include "start.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../calls/call.h"
#include "../observe/diag.h"
#include "../observe/kernel.h"
#include "../observe/proc.h"
#include "../observe/symbols.h"
#include "../report/recording.h"
#include "../report/report.h"
#include "../report/snapshot.h"
#include "../sink/target.h"
#include "../sink/writer.h"
#include "../sys/sys.h"
#include "ending.h"
#include "own.h"
#include "real.h"

static char exe[SPY_PATH_MAX];
static char options_text[SPY_PATH_MAX];
static char first_words[SPY_PATH_MAX]; /* of the command line, each with its NUL; none where they do not fit */
static const char *missing_name;

const char *spy_start_exe(void)
{
	return exe;
}

const char *spy_start_options(void)
{
	return options_text;
}

static void find_exe(void)
{
	long len = spy_sys4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof(exe) - 1);

	exe[len > 0 ? len : 0] = '\0';
}

#define FIRST_WORDS 3 /* the name, and what tells one script of an interpreter from another */

/* Kept from the start: a program that shows what it does in its command line (setproctitle(3)) writes over it. */
static void find_words(void)
{
	size_t len = spy_proc_read("/proc/self/cmdline", first_words, sizeof(first_words)), at = 0;
	int words = 0;

	while (at < len && words < FIRST_WORDS)
		words += first_words[at++] == '\0';
	if (words < FIRST_WORDS && len >= sizeof(first_words) - 1)
		at = 0;
	memset(first_words + at, 0, sizeof(first_words) - at);
}

const char *spy_start_name(void)
{
	return first_words;
}

bool spy_start_has_arguments(char *const argv[])
{
	const char *word = first_words;

	if (!*word)
		return false;
	for (int i = 1; i < FIRST_WORDS; i++) {
		word += strlen(word) + 1;
		if (!argv[i])
			return !*word;
		if (strcmp(argv[i], word) != 0)
			return false;
	}
	return true;
}

static void note_missing(const char *name)
{
	missing_name = name;
}

static void complain_missing(struct spy_buf *complaints)
{
	if (!missing_name)
		return;
	spy_buf_str(complaints, "tcpwaitspy: this libc has no ");
	spy_buf_str(complaints, missing_name);
	spy_buf_str(complaints, "(); calls of it are not seen\n");
}

/* secure_getenv(): in a set-uid program the variable is the caller's, and not to be trusted. */
static void read_settings(struct spy_buf *complaints)
{
	const char *text = secure_getenv("TCPWAITSPY_OPTIONS");
	struct spy_buf copy = SPY_BUF(options_text);

	spy_buf_str(&copy, text ? text : "");
	spy_buf_cstr(&copy);
	spy_options_defaults(&spy_options);
	spy_options_parse(&spy_options, text, complaints);
	spy_report_load_suppressions(complaints);
}

static void init_core(void)
{
	struct spy_core_settings settings = {
		.close_wait_ns = spy_options.close_wait_ns,
		.fin_wait_ns = spy_options.fin_wait_ns,
	};

	memcpy(settings.rule_on, spy_options.rule_on, sizeof(settings.rule_on));
	spy_core_init(&spy_core, &settings, spy_memory_take);
}

static void open_log(struct spy_buf *complaints)
{
	struct spy_target_config config = {
		.path = spy_options.log,
		.program = spy_symbols_basename(exe),
		.keep_fd = spy_own_keep,
		.drop_fd = spy_own_drop,
	};

	spy_writer_buffered(spy_options.flush == SPY_FLUSH_BUFFER);
	spy_target_open(&config, spy_self_pid(), complaints);
}

static void show_help(void)
{
	char room[8192];
	struct spy_buf help = SPY_BUF(room);

	if (!spy_options.help)
		return;
	spy_options_help(&spy_options, &help);
	spy_target_complain(help.data, help.len);
}

static void adopt_one(int fd, void *unused)
{
	(void)unused;
	spy_adopt(fd, false);
}

__attribute__((constructor)) static void start(void)
{
	char room[4096];
	struct spy_buf complaints = SPY_BUF(room);

	if (spy_on)
		return; /* Listed twice in LD_PRELOAD. */
	spy_resolve_all(note_missing);
	spy_clock_init();
	spy_identity_init();
	spy_daemon_init();
	find_exe();
	find_words();
	read_settings(&complaints);
	complain_missing(&complaints);
	init_core();
	spy_diag_init(spy_own_keep_high);
	open_log(&complaints);
	spy_snapshot_init(&complaints);
	spy_recording_init(&complaints);
	if (complaints.len)
		spy_target_complain(complaints.data, complaints.len);
	show_help();
	spy_fork_init();
	spy_ending_init();
	spy_open_stacks();
	spy_on = true;
	if (spy_target_is_file())
		spy_report_process();
	spy_proc_each_fd(adopt_one, NULL);
	if (!spy_core.table.used)
		spy_target_park();
}
