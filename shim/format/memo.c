/*
 * Texts that come again; see memo.h.
 */
#include "memo.h"

#include "../../include/tcpwaitspy/event.h"

#define ENDS 4 /* few, since they lie where threads with small stacks have theirs */

static SPY_MEMO ends[ENDS];

_Static_assert(sizeof(struct spy_addr) == sizeof(struct spy_memo_key), "an endpoint is its own key");

void spy_memo_keep(struct spy_memo *memo, const struct spy_memo_key *key, const struct spy_buf *out, size_t begin)
{
	size_t len = out->len - begin;

	if ((memo->turn & 1) || out->truncated || len > SPY_MEMO_ROOM)
		return;
	memo->turn++;
	atomic_signal_fence(memory_order_seq_cst);
	memo->key = *key;
	memcpy(memo->text, out->data + begin, len);
	memo->len = (uint32_t)len;
	atomic_signal_fence(memory_order_seq_cst);
	memo->turn++;
}

void spy_memo_addr(struct spy_buf *out, const struct spy_addr *addr)
{
	struct spy_memo *memo = &ends[addr->port % ENDS];
	struct spy_memo_key key;
	size_t begin = out->len;

	memcpy(&key, addr, sizeof(key));
	if (spy_memo_put(memo, &key, out))
		return;
	spy_buf_addr(out, addr);
	if (out->len > begin)
		spy_memo_keep(memo, &key, out, begin);
}
