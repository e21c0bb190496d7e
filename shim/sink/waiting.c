/*
 * Lines that wait; see waiting.h.
 */
#include "waiting.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "../observe/kernel.h"
#include "../sys/lock.h"
#include "../sys/sys.h"

#define PAGES	3u
#define SPINS	1000u
#define STEP_NS (100 * SPY_NS_PER_US) /* between two looks at a page that is being copied into */

/* Longer than a busy machine keeps a thread from running. */
#ifndef PATIENCE_NS
#define PATIENCE_NS UINT64_C(5000000000)
#endif

/* A page's state: bytes reserved, whether it is shut, and bytes copied in the upper half. */
#define RESERVED  UINT64_C(0x7fffffff)
#define SHUT	  UINT64_C(0x80000000)
#define COPIED(n) ((uint64_t)(n) << 32)

struct page {
	_Atomic uint64_t state;
	_Atomic uint64_t since_ns;
	char data[SPY_WAITING_SIZE]; /* zeros where nothing was copied: what a copy left out shows */
};

static struct page pages[PAGES];
static _Atomic uint32_t current; /* PAGES: none is left */
static struct spy_lock lock; /* of whoever flushes */

/* Copies of this thread that have begun and not ended. */
static __thread unsigned int copying __attribute__((tls_model("initial-exec")));

bool spy_waiting_add(const char *text, size_t len, uint64_t now_ns)
{
	uint32_t index = atomic_load_explicit(&current, memory_order_acquire);
	struct page *page = &pages[index];
	uint64_t state;

	if (index == PAGES || len > SPY_WAITING_SIZE)
		return false;
	copying++;
	atomic_signal_fence(memory_order_seq_cst);
	state = atomic_load_explicit(&page->state, memory_order_relaxed);
	do {
		if ((state & SHUT) || (state & RESERVED) + len > SPY_WAITING_SIZE) {
			copying--;
			return false;
		}
	} while (!atomic_compare_exchange_weak_explicit(&page->state, &state, state + len, memory_order_acquire,
							memory_order_relaxed));
	if (!(state & RESERVED))
		atomic_store_explicit(&page->since_ns, now_ns, memory_order_relaxed);
	memcpy(page->data + (state & RESERVED), text, len);
	atomic_fetch_add_explicit(&page->state, COPIED(len), memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	copying--;
	return true;
}

uint64_t spy_waiting_since_ns(void)
{
	uint32_t index = atomic_load_explicit(&current, memory_order_relaxed);

	if (index == PAGES || !(atomic_load_explicit(&pages[index].state, memory_order_relaxed) & RESERVED))
		return 0;
	return atomic_load_explicit(&pages[index].since_ns, memory_order_relaxed);
}

bool spy_waiting_may_flush(void)
{
	return copying == 0 && current != PAGES;
}

static bool is_copied(const struct page *page, size_t reserved)
{
	return atomic_load_explicit(&page->state, memory_order_acquire) >> 32 == reserved;
}

/* True when all that was reserved has been copied. */
static bool wait_for_copies(const struct page *page, size_t reserved)
{
	const struct timespec step = {.tv_nsec = STEP_NS};
	uint64_t began_ns;

	for (unsigned int i = 0; i < SPINS; i++)
		if (is_copied(page, reserved))
			return true;
	began_ns = spy_clock_now();
	while (!is_copied(page, reserved)) {
		if (spy_clock_now() - began_ns > PATIENCE_NS)
			return false;
		spy_sys4(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &step, NULL);
	}
	return true;
}

/* Writes the lines of a page that are whole. Returns how many are not, each with the one that follows it. */
static uint64_t salvage(const char *text, size_t len, spy_write_lines_fn write_lines)
{
	uint64_t lost = 0;

	for (const char *end = text + len, *next; text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		next = newline ? newline + 1 : end;
		if (newline && !memchr(text, '\0', (size_t)(next - text)))
			write_lines(text, (size_t)(next - text));
		else
			lost++;
	}
	return lost;
}

/* Signals are blocked and the lock is held. */
static uint64_t flush_page(uint32_t index, spy_write_lines_fn write_lines)
{
	struct page *page = &pages[index];
	uint64_t state = atomic_fetch_or_explicit(&page->state, SHUT, memory_order_acquire);
	size_t reserved = state & RESERVED;

	if (!wait_for_copies(page, reserved)) {
		/* Nobody adds to it any more; a copy that goes on after all goes nowhere. */
		atomic_store_explicit(&current, index + 1, memory_order_release);
		return salvage(page->data, reserved, write_lines);
	}
	if (reserved)
		write_lines(page->data, reserved);
	memset(page->data, 0, reserved);
	atomic_store_explicit(&page->state, 0, memory_order_release);
	return 0;
}

uint64_t spy_waiting_flush(spy_write_lines_fn write_lines)
{
	struct spy_mask mask;
	uint64_t lost = 0;

	spy_mask_all(&mask);
	spy_lock_take(&lock);
	if (current != PAGES)
		lost = flush_page(current, write_lines);
	spy_lock_give(&lock);
	spy_mask_restore(&mask);
	return lost;
}

void spy_waiting_forked(void)
{
	uint32_t index = current;

	spy_lock_reset(&lock);
	if (index == PAGES)
		return;
	/* In a handler that interrupted a copy, which will go on in this process: nobody else may have that page. */
	if (copying) {
		current = index + 1;
		return;
	}
	memset(pages[index].data, 0, pages[index].state & RESERVED);
	pages[index].state = 0;
}
