/*
 * The descriptor table; contracts, locks and ownership are in table.h.
 *
 * Records stand in chunks that are asked for one at a time and never given back. Slots and links
 * hold an index plus 1, which is half a pointer and lets 0 be nothing.
 */
#include "table.h"

#include <string.h>

void spy_table_init(struct spy_table *table, spy_memory_fn memory)
{
	table->memory = memory;
	table->next_id = 1;
}

/* A free record, from the free list first; the newest freed is the warmest in the cache. */
static struct spy_conn *take_record(struct spy_table *table)
{
	uint32_t chunk = table->used / SPY_CHUNK_CONNS;
	struct spy_conn *conn;

	if (table->free_head) {
		conn = spy_table_conn(table, table->free_head);
		table->free_head = conn->next_free;
		return conn;
	}
	if (chunk >= SPY_CHUNKS)
		return NULL;
	if (!table->chunks[chunk])
		table->chunks[chunk] = table->memory(sizeof(struct spy_conn) * SPY_CHUNK_CONNS);
	if (!table->chunks[chunk])
		return NULL;
	conn = &table->chunks[chunk][table->used % SPY_CHUNK_CONNS];
	conn->self = ++table->used;
	return conn;
}

void spy_table_empty(struct spy_table *table)
{
	for (uint32_t fd = 0; fd <= table->high_fd && fd < SPY_FD_LIMIT; fd++)
		if (table->slot[fd] != SPY_SLOT_OWN)
			table->slot[fd] = 0;
	for (uint32_t i = 0; i < table->used; i++)
		spy_table_conn(table, i + 1)->id = 0;
	table->used = 0;
	table->free_head = 0;
	table->followed_count = 0;
}

static void set_slot(struct spy_table *table, int fd, uint32_t value)
{
	if ((uint32_t)fd > table->high_fd)
		table->high_fd = (uint32_t)fd;
	atomic_store_explicit(&table->slot[fd], value, memory_order_release);
}

struct spy_conn *spy_table_open(struct spy_table *table, int fd, uint64_t now_ns)
{
	struct spy_conn *conn = (unsigned int)fd < SPY_FD_LIMIT ? take_record(table) : NULL;
	uint32_t self;

	if (!conn) {
		table->untracked++;
		return NULL;
	}
	self = conn->self;
	memset(conn, 0, sizeof(*conn));
	conn->self = self;
	conn->fd = fd;
	conn->state = SPY_STATE_CLOSED;
	conn->source = SPY_SOURCE_KERNEL;
	conn->since_ns = now_ns;
	conn->attention = 1;
	atomic_store_explicit(&conn->id, table->next_id++, memory_order_release);
	spy_table_attach(table, fd, conn);
	return conn;
}

void spy_table_attach(struct spy_table *table, int fd, struct spy_conn *conn)
{
	if ((unsigned int)fd >= SPY_FD_LIMIT) {
		table->untracked++;
		return;
	}
	if (spy_table_slot(table, fd) == conn->self)
		return;
	spy_table_detach(table, fd);
	spy_table_clear(table, fd);
	conn->descriptors++;
	conn->slots++;
	set_slot(table, fd, conn->self);
}

/* A dup that still refers to conn. Rare, so that a search does. */
static int other_descriptor(const struct spy_table *table, const struct spy_conn *conn)
{
	for (uint32_t fd = 0; fd <= table->high_fd; fd++)
		if (spy_table_slot(table, (int)fd) == conn->self)
			return (int)fd;
	return conn->fd;
}

struct spy_conn *spy_table_detach(struct spy_table *table, int fd)
{
	uint32_t slot = spy_table_slot(table, fd);
	struct spy_conn *conn;

	if (!slot || (slot & (SPY_SLOT_OWN | SPY_SLOT_CLOSED)))
		return NULL;
	conn = spy_table_conn(table, slot);
	set_slot(table, fd, slot | SPY_SLOT_CLOSED);
	if (--conn->descriptors == 0)
		conn->flags |= SPY_CONN_CLOSED;
	else if (conn->fd == fd)
		conn->fd = other_descriptor(table, conn);
	return conn;
}

void spy_table_pin(struct spy_conn *conn)
{
	conn->pins++;
}

void spy_table_unpin(struct spy_conn *conn)
{
	conn->pins--;
}

void spy_table_reattach(struct spy_table *table, int fd, struct spy_conn *conn)
{
	conn->descriptors++;
	conn->flags &= ~(uint32_t)SPY_CONN_CLOSED;
	set_slot(table, fd, conn->self);
}

void spy_table_clear(struct spy_table *table, int fd)
{
	uint32_t slot = spy_table_slot(table, fd);
	struct spy_conn *conn;

	if (!slot)
		return;
	set_slot(table, fd, 0);
	if (slot & SPY_SLOT_OWN)
		return;
	conn = spy_table_conn(table, slot);
	conn->slots--;
	spy_table_release(table, conn);
}

void spy_table_own(struct spy_table *table, int fd, bool own)
{
	if ((unsigned int)fd >= SPY_FD_LIMIT)
		return;
	spy_table_clear(table, fd);
	if (own)
		set_slot(table, fd, SPY_SLOT_OWN);
}

bool spy_table_follow(struct spy_table *table, struct spy_conn *conn, uint32_t limit)
{
	if (table->followed_count >= limit)
		return false;
	conn->flags |= SPY_CONN_FOLLOWED;
	table->followed_count++;
	return true;
}

void spy_table_unfollow(struct spy_table *table, struct spy_conn *conn)
{
	if (!(conn->flags & SPY_CONN_FOLLOWED))
		return;
	conn->flags &= ~(uint32_t)SPY_CONN_FOLLOWED;
	table->followed_count--;
	spy_table_release(table, conn);
}

void spy_table_release(struct spy_table *table, struct spy_conn *conn)
{
	if (conn->descriptors || conn->slots || conn->pins || (conn->flags & SPY_CONN_FOLLOWED) || !conn->id)
		return;
	atomic_store_explicit(&conn->id, 0, memory_order_release);
	conn->next_free = table->free_head;
	table->free_head = conn->self;
}

struct spy_conn *spy_table_at(const struct spy_table *table, uint32_t index)
{
	struct spy_conn *conn = spy_table_conn(table, index + 1);

	return conn->id ? conn : NULL;
}
