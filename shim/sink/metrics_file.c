/*
 * The metrics' file; see metrics_file.h.
 */
#include "metrics_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../spell/spell.h"
#include "../sys/apart.h"
#include "../sys/lock.h"
#include "../sys/sys.h"
#include "output.h"
#include "path.h"
#include "target.h"

/* Others may read it, as far as the program's umask and the directory let them: that is what it is for. */
#define MODE 0644

static struct {
	struct spy_lock lock;
	struct spy_path path;
	int (*keep_fd)(int fd);
	void (*drop_fd)(int fd);
	_Atomic int directory; /* -1: there is none */
	bool forked;
	char full[SPY_PATH_ROOM]; /* this process's */
	const char *name; /* in it, behind the directory's */
	char temporary[SPY_PATH_ROOM]; /* in the same directory */
	uint64_t turn; /* of what the file holds */
} file = {.directory = -1};

static _Atomic uint64_t failures;

/* The paths of this process. False where they are too long. */
static bool set_names(int32_t pid)
{
	static const char suffix[] = ".prom";
	const size_t suffix_len = sizeof(suffix) - 1;
	struct spy_buf full = SPY_BUF(file.full), temporary = SPY_BUF(file.temporary);
	const char *slash;

	spy_path_expand(&file.path, pid, &full);
	if (file.forked && !spy_path_has_pid(&file.path)) {
		bool has_suffix =
			full.len > suffix_len && memcmp(full.data + full.len - suffix_len, suffix, suffix_len) == 0;

		full.len -= has_suffix ? suffix_len : 0;
		spy_buf_char(&full, '.');
		spy_buf_int(&full, pid);
		spy_buf_str(&full, has_suffix ? suffix : "");
	}
	slash = strrchr(spy_buf_cstr(&full), '/');
	file.name = slash ? slash + 1 : file.full;
	/* Not what collectors look for, and one for each process. */
	spy_buf_char(&temporary, '.');
	spy_buf_str(&temporary, file.name);
	spy_buf_char(&temporary, '.');
	spy_buf_int(&temporary, pid);
	spy_buf_str(&temporary, ".tmp");
	spy_buf_cstr(&temporary);
	return !full.truncated && !temporary.truncated && file.name[0];
}

/* 0, or -errno. */
static int open_directory(void)
{
	char directory[SPY_PATH_ROOM];
	size_t len = (size_t)(file.name - file.full);
	long fd;

	memcpy(directory, file.full, len);
	directory[len] = '\0';
	fd = spy_sys3(SYS_openat, AT_FDCWD, len ? directory : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		file.directory = file.keep_fd((int)fd);
	return fd < 0 ? (int)fd : 0;
}

static void put_complaint(struct spy_buf *out, int err)
{
	spy_buf_str(out, "tcpwaitspy: cannot write metrics \"");
	spy_buf_plain(out, file.full, strlen(file.full));
	spy_buf_str(out, "\": ");
	spy_put_error(out, err);
}

void spy_metrics_file_open(const struct spy_metrics_file_config *config, int32_t pid, struct spy_buf *complaints)
{
	int err = -ENAMETOOLONG;

	if (!config->path[0])
		return;
	file.keep_fd = config->keep_fd;
	file.drop_fd = config->drop_fd;
	spy_path_set_program(&file.path, config->program);
	spy_path_set(&file.path, config->path);
	if (set_names(pid))
		err = open_directory();
	if (err == 0)
		return;
	put_complaint(complaints, -err);
	spy_buf_str(complaints, "; a path in a directory that can be written is valid; there are no metrics\n");
}

/* A new file under the temporary name; one that a killed process has left there goes. */
static int make_temporary(int directory)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
	long fd = spy_sys4(SYS_openat, directory, file.temporary, flags, MODE);

	if (fd == -EEXIST && spy_sys3(SYS_unlinkat, directory, file.temporary, 0) == 0)
		fd = spy_sys4(SYS_openat, directory, file.temporary, flags, MODE);
	return (int)fd;
}

struct content {
	const char *text;
	size_t len;
	int directory;
	int err; /* 0 once it is in the file */
};

static void replace(void *data)
{
	struct content *content = data;
	int fd = make_temporary(content->directory);
	long rc;

	content->err = fd < 0 ? -fd : 0;
	if (fd < 0)
		return;
	if (spy_output_quietly(fd, content->text, content->len, &content->err) == content->len)
		content->err = 0;
	spy_sys1(SYS_close, fd);
	if (!content->err) {
		rc = spy_sys(SYS_renameat2, content->directory, file.temporary, content->directory, file.name, 0);
		content->err = (int)-rc;
	}
	if (content->err)
		spy_sys3(SYS_unlinkat, content->directory, file.temporary, 0);
}

static void note_failure(int err)
{
	char room[SPY_PATH_ROOM * 2];
	struct spy_buf line = SPY_BUF(room);

	if (failures++)
		return;
	put_complaint(&line, err);
	spy_buf_str(&line, "; it is tried again\n");
	spy_target_complain(line.data, line.len);
}

void spy_metrics_file_write(const char *text, size_t len, uint64_t turn)
{
	struct content content = {text, len, AT_FDCWD, 0};
	struct spy_mask mask;

	if (file.directory < 0)
		return;
	spy_mask_all(&mask);
	spy_lock_take(&file.lock);
	if (turn > file.turn) {
		/* Not in the program's table, whose numbers are the program's; and which may be full, by a leak. */
		if (!spy_apart_run_bare(replace, &content, file.directory)) {
			content.directory = file.directory;
			replace(&content);
		}
		if (content.err)
			note_failure(content.err);
		else
			file.turn = turn;
	}
	spy_lock_give(&file.lock);
	spy_mask_restore(&mask);
}

uint64_t spy_metrics_file_failures(void)
{
	return failures;
}

void spy_metrics_file_forked(int32_t pid)
{
	char before[SPY_PATH_ROOM];
	size_t len;
	int old = file.directory;

	spy_lock_reset(&file.lock);
	file.turn = 0;
	failures = 0;
	file.forked = true;
	if (old < 0)
		return;
	len = (size_t)(file.name - file.full);
	memcpy(before, file.full, len);
	if (!set_names(pid)) {
		file.directory = -1;
		file.drop_fd(old);
		return;
	}
	/* %p in the directory's name: another one, if it is there and can be reached. */
	if (len == (size_t)(file.name - file.full) && memcmp(before, file.full, len) == 0)
		return;
	if (open_directory() != 0)
		file.directory = -1;
	file.drop_fd(old);
}

int spy_metrics_file_fd(void)
{
	return file.directory;
}

void spy_metrics_file_moved(int fd)
{
	file.directory = fd;
}
