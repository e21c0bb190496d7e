/*
 * Paths of the settings; see path.h.
 */
#include "path.h"

#include "../sys/sys.h"

void spy_path_set(struct spy_path *path, const char *template)
{
	struct spy_buf buf = SPY_BUF(path->template);
	char directory[SPY_PATH_ROOM / 2];

	if (template[0] != '/' && spy_sys2(SYS_getcwd, directory, sizeof(directory)) > 0) {
		for (const char *p = directory; *p; p++) {
			spy_buf_char(&buf, *p);
			if (*p == '%') /* The directory's own; see spy_path_expand(). */
				spy_buf_char(&buf, '%');
		}
		spy_buf_char(&buf, '/');
	}
	spy_buf_str(&buf, template);
	spy_buf_cstr(&buf);
}

void spy_path_set_program(struct spy_path *path, const char *program)
{
	struct spy_buf buf = SPY_BUF(path->program);

	for (; *program; program++)
		spy_buf_char(&buf, *program == '/' ? '_' : *program);
	spy_buf_cstr(&buf);
}

void spy_path_expand(const struct spy_path *path, int32_t pid, struct spy_buf *out)
{
	for (const char *p = path->template; *p; p++) {
		if (*p != '%' || !p[1]) {
			spy_buf_char(out, *p);
			continue;
		}
		p++;
		if (*p == 'p')
			spy_buf_int(out, pid);
		else if (*p == 'e')
			spy_buf_str(out, path->program);
		else
			spy_buf_char(out, *p);
	}
}

bool spy_path_has_pid(const struct spy_path *path)
{
	for (const char *p = path->template; *p; p++) {
		if (*p != '%')
			continue;
		p++;
		if (*p == 'p')
			return true;
		if (!*p)
			break;
	}
	return false;
}
