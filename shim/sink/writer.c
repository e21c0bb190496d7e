/*
 * Writing lines; see writer.h.
 */
#include "writer.h"

#include <stdatomic.h>
#include <string.h>

#include "../observe/kernel.h"
#include "../spell/spell.h"
#include "target.h"
#include "waiting.h"

#define FLUSH_NS (100 * SPY_NS_PER_MS) /* flush=buffer: no line waits longer */

static bool buffered; /* flush=buffer */

static _Atomic uint64_t lost;
static _Atomic bool lost_told;
static _Atomic bool torn; /* the last write stopped in the middle of a line */

/* The log takes no more: said once, where there is a place to say it. */
static void complain_lost(int err)
{
	const char *name = spy_target_name();
	char room[1024];
	struct spy_buf line = SPY_BUF(room);

	if (atomic_exchange(&lost_told, true) || !spy_target_is_file())
		return;
	spy_buf_str(&line, "tcpwaitspy: cannot write log \"");
	spy_buf_plain(&line, name, strlen(name));
	spy_buf_str(&line, "\": ");
	spy_put_error(&line, err);
	spy_buf_str(&line, "; lines are lost, and counted\n");
	spy_target_complain(line.data, line.len);
}

void spy_writer_end(void)
{
	const char *name = spy_target_name();
	char room[1024];
	struct spy_buf line = SPY_BUF(room);

	spy_writer_flush();
	if (!lost || !spy_target_is_file())
		return;
	spy_buf_str(&line, "tcpwaitspy: ");
	spy_buf_uint(&line, lost);
	spy_buf_str(&line, " lines lost, which log \"");
	spy_buf_plain(&line, name, strlen(name));
	spy_buf_str(&line, "\" did not take\n");
	spy_target_complain(line.data, line.len);
}

static uint64_t count_lines(const char *text, size_t len)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

/* How many of the first done bytes are whole lines. */
static size_t whole_lines(const char *text, size_t done)
{
	while (done && text[done - 1] != '\n')
		done--;
	return done;
}

static void write_lines(const char *text, size_t len)
{
	size_t done = 0, whole;
	int err = 0;

	/* After a torn line the next one starts on a line of its own, so that a reader loses one only. */
	if (torn && spy_target_write("\n", 1, &err) == 1)
		torn = false;
	if (!torn)
		done = spy_target_write(text, len, &err);
	if (done == len)
		return;
	lost += count_lines(text + done, len - done);
	complain_lost(err);
	/* Half a line is none: it is taken back, or the next one starts on a line of its own. */
	whole = whole_lines(text, done);
	if (whole < done && !spy_target_take_back(done - whole))
		torn = true;
}

void spy_writer_flush(void)
{
	if (buffered && spy_waiting_may_flush())
		lost += spy_waiting_flush(write_lines);
}

void spy_writer_put(const char *text, size_t len, bool at_once)
{
	uint64_t now_ns, since_ns;

	if (!buffered) {
		write_lines(text, len);
		return;
	}
	now_ns = spy_clock_tick();
	while (!spy_waiting_add(text, len, now_ns)) {
		spy_writer_flush();
		/* Where none can wait now, or one alone is too long, it goes past them. */
		if (!spy_waiting_may_flush() || len > SPY_WAITING_SIZE) {
			write_lines(text, len);
			return;
		}
	}
	/* The watcher sees to the last line; where there is none, the next line does. */
	since_ns = spy_waiting_since_ns();
	if (at_once || (since_ns && now_ns > since_ns && now_ns - since_ns > FLUSH_NS))
		spy_writer_flush();
}

uint64_t spy_writer_lost(void)
{
	return lost;
}

void spy_writer_buffered(bool on)
{
	buffered = on;
}

void spy_writer_forked(void)
{
	/* The parent tells of those. */
	lost = 0;
	spy_waiting_forked();
}
