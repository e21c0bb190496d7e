/*
 * Texts that one line after the other has again: the second, who writes, the ends of a connection. Each thread
 * keeps the last ones, and copies them instead of spelling them anew.
 *
 * Locks: none; what a thread keeps is its own. Signals: safe. A handler that finds one half written leaves it
 * alone, and who was reading when a handler put another text there sees that it was.
 */
#ifndef SPY_FORMAT_MEMO_H
#define SPY_FORMAT_MEMO_H

#include <stdatomic.h>

#include "../spell/buf.h"

#define SPY_MEMO_ROOM 80

struct spy_memo_key {
	uint64_t word[3];
};

struct spy_memo {
	volatile uint32_t turn; /* odd while it is being written */
	uint32_t len; /* 0: nothing is kept */
	struct spy_memo_key key;
	char text[SPY_MEMO_ROOM];
};

/* Initial-exec, as all that a thread of the program's has of ours: the general model may allocate at its first use. */
#define SPY_MEMO __thread __attribute__((tls_model("initial-exec"))) struct spy_memo

/* Appends the text that is kept under key; false, and nothing appended, where there is another or none. */
static inline bool spy_memo_put(const struct spy_memo *memo, const struct spy_memo_key *key, struct spy_buf *out)
{
	uint32_t turn = memo->turn;
	size_t begin = out->len, len;

	atomic_signal_fence(memory_order_seq_cst);
	len = memo->len;
	if ((turn & 1) || !len || len > SPY_MEMO_ROOM || out->size - begin < SPY_MEMO_ROOM ||
	    ((memo->key.word[0] ^ key->word[0]) | (memo->key.word[1] ^ key->word[1]) |
	     (memo->key.word[2] ^ key->word[2])))
		return false;
	/* All of its room, whose size is known here. */
	memcpy(out->data + begin, memo->text, SPY_MEMO_ROOM);
	atomic_signal_fence(memory_order_seq_cst);
	if (memo->turn != turn)
		return false;
	out->len = begin + len;
	return true;
}

/* Keeps what out has got since it was begin long. */
void spy_memo_keep(struct spy_memo *memo, const struct spy_memo_key *key, const struct spy_buf *out, size_t begin);

/* spy_buf_addr() by what this thread keeps. */
void spy_memo_addr(struct spy_buf *out, const struct spy_addr *addr);

#endif
