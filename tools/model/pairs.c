/*
 * The two sides of a connection, where both were traced: one's local address is the other's peer, and
 * both lived at the same time. Addresses come again, so that of several the one that began nearest is taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

/* How far the clocks of two hosts may be apart. */
#define CLOCKS_NS INT64_C(2000000000)

/* Connections of one (local, peer), as a list. */
struct ends {
	struct pool keys;
	uint32_t *first;
	uint32_t *next; /* by connection */
};

/* An IPv4 address in an IPv6 socket is the same address. */
static const char *plain(const char *address, char room[64])
{
	static const char mapped[] = "[::ffff:";
	const char *end = strchr(address, ']');

	if (strncmp(address, mapped, sizeof(mapped) - 1) != 0 || !end || !memchr(address, '.', strlen(address)))
		return address;
	snprintf(room, 64, "%.*s%s", (int)(end - address - (sizeof(mapped) - 1)), address + sizeof(mapped) - 1,
		 end + 1);
	return room;
}

static size_t ends_key(const struct model *model, model_text_id from, model_text_id to, char key[192])
{
	char rooms[2][64];

	return (size_t)snprintf(key, 192, "%.90s %.90s", plain(model_text(model, from), rooms[0]),
				plain(model_text(model, to), rooms[1]));
}

static bool has_ends(const struct model_conn *conn)
{
	return conn->local && conn->peer && !conn->listener;
}

static bool is_loopback(const struct model *model, const struct model_conn *conn)
{
	char room[64];
	const char *address = plain(model_text(model, conn->local), room);

	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]", 5) == 0;
}

static int64_t apart(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static bool may_be_one(const struct model *model, const struct model_conn *a, const struct model_conn *b)
{
	model_text_id host_a = model->processes[a->process].host, host_b = model->processes[b->process].host;
	int64_t slack = host_a == host_b ? 0 : CLOCKS_NS;

	if (host_a != host_b && is_loopback(model, a))
		return false;
	return a->first_ns <= b->last_ns + slack && b->first_ns <= a->last_ns + slack;
}

static uint32_t other_side(const struct model *model, const struct ends *ends, uint32_t index)
{
	const struct model_conn *conn = &model->conns[index];
	uint32_t best = MODEL_NONE;
	uint32_t list;
	char key[192];
	size_t len = ends_key(model, conn->peer, conn->local, key);

	if (!ends->first || !pool_find(&ends->keys, key, len, &list))
		return MODEL_NONE;
	for (uint32_t i = ends->first[list]; i != MODEL_NONE; i = ends->next[i]) {
		const struct model_conn *candidate = &model->conns[i];

		if (i == index || candidate->other != MODEL_NONE || !may_be_one(model, conn, candidate))
			continue;
		if (best == MODEL_NONE ||
		    apart(candidate->first_ns, conn->first_ns) < apart(model->conns[best].first_ns, conn->first_ns))
			best = i;
	}
	return best;
}

void model_make_pairs(struct model *model)
{
	struct ends ends = {.next = pool_zeros((model->conns_count + 1) * sizeof(*ends.next))};
	char key[192];

	for (uint32_t i = model->conns_count; i-- > 0;) {
		const struct model_conn *conn = &model->conns[i];
		uint32_t before = ends.keys.count;
		uint32_t list;

		if (!has_ends(conn))
			continue;
		list = pool_put(&ends.keys, key, ends_key(model, conn->local, conn->peer, key));
		if (list == before) {
			ends.first = pool_grow(ends.first, before, sizeof(*ends.first));
			ends.first[list] = MODEL_NONE;
		}
		ends.next[i] = ends.first[list];
		ends.first[list] = i;
	}
	for (uint32_t i = 0; i < model->conns_count; i++) {
		struct model_conn *conn = &model->conns[i];
		uint32_t other = has_ends(conn) && conn->other == MODEL_NONE ? other_side(model, &ends, i) : MODEL_NONE;

		if (other == MODEL_NONE)
			continue;
		conn->other = other;
		model->conns[other].other = i;
	}
	pool_close(&ends.keys);
	free(ends.first);
	free(ends.next);
}
