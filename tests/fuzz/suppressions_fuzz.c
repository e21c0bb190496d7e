/*
 * A suppressions file with any bytes: its lines stay within it, complaints are lines, and matching
 * comes to an end.
 */
#include "fuzz.h"

#include <string.h>

#include "../../shim/config/suppressions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {NULL, "", "main", "handle_client",
					    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"};
	static char complaints[16384];
	struct spy_buf complained = SPY_BUF(complaints);
	struct spy_suppressions set = {.count = 0};
	char *text = malloc(size + 1); /* of just this size, so that a byte too far is noticed */

	memcpy(text, data, size);
	text[size] = '\0';
	spy_suppressions_parse(&set, "fuzz", text, size, &complained);
	FUZZ_PROMISE(complained.len == 0 || complaints[complained.len - 1] == '\n');
	FUZZ_PROMISE(set.count <= SPY_SUPPRESSIONS_MAX);
	for (unsigned int i = 0; i < set.count; i++) {
		const struct spy_suppression *entry = &set.entries[i];

		FUZZ_PROMISE(entry->rule >= -1 && entry->rule < SPY_RULE_COUNT);
		FUZZ_PROMISE(entry->pattern >= text && entry->pattern + entry->pattern_len <= text + size);
		FUZZ_PROMISE(entry->pattern_len > 0);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)spy_suppressions_match(&set, 0, names[i], "/usr/lib/libexample.so.1");
	free(text);
	return 0;
}
