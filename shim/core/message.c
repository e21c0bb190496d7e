/*
 * Expands the templates of rules.def: {name} stands for a member of the finding or for one of
 * its evidence.
 */
#include "core.h"

#include <string.h>

#include "../spell/buf.h"

static bool is_word(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

static void put_addr(struct spy_buf *out, const struct spy_addr *addr)
{
	if (addr->family)
		spy_buf_addr(out, addr);
	else
		spy_buf_str(out, "an address not known");
}

static void put_evidence(const char *word, size_t len, const struct spy_finding *finding, struct spy_buf *out)
{
	for (unsigned int i = 0; i < finding->evidence_count; i++) {
		const struct spy_evidence *evidence = &finding->evidence[i];

		if (!is_word(word, len, evidence->name))
			continue;
		if (evidence->kind == SPY_EVIDENCE_HOLDER)
			spy_buf_plain(out, finding->holder_name,
				      strnlen(finding->holder_name, sizeof(finding->holder_name)));
		else
			spy_buf_int(out, evidence->number);
		return;
	}
}

static void put_word(const char *word, size_t len, const struct spy_finding *finding, struct spy_buf *out)
{
	if (is_word(word, len, "conn"))
		spy_buf_uint(out, finding->conn);
	else if (is_word(word, len, "fd"))
		spy_buf_int(out, finding->fd);
	else if (is_word(word, len, "call"))
		spy_buf_str(out, finding->call);
	else if (is_word(word, len, "side"))
		spy_buf_str(out, finding->side);
	else if (is_word(word, len, "state"))
		spy_buf_str(out, spy_state_name(finding->state));
	else if (is_word(word, len, "local"))
		put_addr(out, &finding->local);
	else if (is_word(word, len, "peer"))
		put_addr(out, &finding->peer);
	else if (is_word(word, len, "age"))
		spy_buf_age(out, finding->age_ns);
	else
		put_evidence(word, len, finding, out);
}

/* A lone brace, as in C's (int){1}, stands for itself: a word is letters and underscores only. */
static size_t word_length(const char *text)
{
	size_t len = 0;

	while ((text[len] >= 'a' && text[len] <= 'z') || text[len] == '_')
		len++;
	return text[len] == '}' ? len : 0;
}

void spy_message_expand(const char *text, const struct spy_finding *finding, struct spy_buf *out)
{
	while (*text) {
		size_t len = *text == '{' ? word_length(text + 1) : 0;

		if (len) {
			put_word(text + 1, len, finding, out);
			text += len + 2;
		} else {
			spy_buf_char(out, *text++);
		}
	}
}
