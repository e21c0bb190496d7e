/*
 * A seccomp filter of any bytes: what is taken for one stays inside itself and comes to an end.
 */
#include "fuzz.h"

#include <linux/filter.h>
#include <string.h>

#include "../../shim/sys/sandbox.h"

static char room[BPF_MAXINSNS * sizeof(struct sock_filter)];

static void *take(size_t size)
{
	return size <= sizeof(room) ? room : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t args[6] = {3, 1, UINT64_MAX, 0, 0, 0};
	struct sock_fprog offered = {.len = (unsigned short)(size / sizeof(struct sock_filter))}, copy;
	enum spy_sandbox_taken taken;

	if (size / sizeof(struct sock_filter) > UINT16_MAX)
		return 0;
	offered.filter = malloc(size ? size : 1);
	memcpy(offered.filter, data, size);
	taken = spy_sandbox_read(&offered, &copy, take);
	FUZZ_PROMISE(taken != SPY_SANDBOX_NO_ROOM);
	if (taken == SPY_SANDBOX_TAKEN)
		for (long number = 0; number < 512; number += 37)
			(void)spy_sandbox_run(&copy, number, args);
	free(offered.filter);
	return 0;
}
