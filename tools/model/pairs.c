/*
 * The two sides of a connection, where both were traced: one's local address is the other's peer, and
 * both lived at the same time. Addresses come again, so that of several the one that began nearest is taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* How far the clocks of two hosts may be apart. */
#define CLOCKS_NS INT64_C(2000000000)

/* As many of those with the same two addresses are looked at, nearest first. */
#define LOOKS 64

/* Connections by (local, peer), then by when they began. */
struct ends {
	struct pool keys;
	struct end {
		uint32_t key;
		uint32_t conn;
		int64_t first_ns;
	} * list;
	uint32_t count;
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
	/* A child that has inherited it and makes no call on it is not the side that the other one talks to. */
	if ((a->state == ITEM_NO_STATE) != (b->state == ITEM_NO_STATE))
		return false;
	return a->first_ns <= b->last_ns + slack && b->first_ns <= a->last_ns + slack;
}

static int by_key_and_start(const void *left, const void *right)
{
	const struct end *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->first_ns != b->first_ns)
		return a->first_ns < b->first_ns ? -1 : 1;
	return a->conn < b->conn ? -1 : a->conn > b->conn;
}

/* The first one of this key that began then or later; or what stands behind the last. */
static uint32_t first_from(const struct ends *ends, uint32_t key, int64_t first_ns)
{
	const struct end wanted = {.key = key, .first_ns = first_ns};
	uint32_t low = 0, high = ends->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (by_key_and_start(&ends->list[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t other_side(const struct model *model, const struct ends *ends, uint32_t index)
{
	const struct model_conn *conn = &model->conns[index];
	uint32_t right, left, list;
	char key[192];
	size_t len = ends_key(model, conn->peer, conn->local, key);

	if (!pool_find(&ends->keys, key, len, &list))
		return MODEL_NONE;
	right = left = first_from(ends, list, conn->first_ns);
	for (int looks = 0; looks < LOOKS; looks++) {
		const struct end *later =
			right < ends->count && ends->list[right].key == list ? &ends->list[right] : NULL;
		const struct end *earlier = left && ends->list[left - 1].key == list ? &ends->list[left - 1] : NULL;
		uint32_t nearest;

		if (!later && !earlier)
			break;
		if (!later ||
		    (earlier && apart(earlier->first_ns, conn->first_ns) <= apart(later->first_ns, conn->first_ns)))
			nearest = ends->list[--left].conn;
		else
			nearest = ends->list[right++].conn;
		if (nearest != index && model->conns[nearest].other == MODEL_NONE &&
		    may_be_one(model, conn, &model->conns[nearest]))
			return nearest;
	}
	return MODEL_NONE;
}

void model_make_pairs(struct model *model)
{
	struct ends ends = {.list = pool_zeros((model->conns_count + 1) * sizeof(*ends.list))};
	char key[192];

	for (uint32_t i = 0; i < model->conns_count; i++) {
		const struct model_conn *conn = &model->conns[i];

		if (!has_ends(conn))
			continue;
		ends.list[ends.count++] = (struct end){
			.key = pool_put(&ends.keys, key, ends_key(model, conn->local, conn->peer, key)),
			.conn = i,
			.first_ns = conn->first_ns,
		};
	}
	qsort(ends.list, ends.count, sizeof(*ends.list), by_key_and_start);
	for (uint32_t i = 0; i < model->conns_count; i++) {
		struct model_conn *conn = &model->conns[i];
		uint32_t other = has_ends(conn) && conn->other == MODEL_NONE ? other_side(model, &ends, i) : MODEL_NONE;

		if (other == MODEL_NONE)
			continue;
		conn->other = other;
		model->conns[other].other = i;
	}
	pool_close(&ends.keys);
	free(ends.list);
}
