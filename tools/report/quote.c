/*
 * By the shim's own escaping, which the logs are written with, too.
 */
#include "quote.h"

#include <stdlib.h>
#include <string.h>

#include "../../shim/spell/buf.h"
#include "../model/pool.h"

/* A byte becomes six characters at most. */
static struct spy_buf escape(const char *text)
{
	size_t len = strlen(text);
	struct spy_buf buf = {.size = 6 * len + 3};

	buf.data = pool_zeros(buf.size);
	spy_buf_json(&buf, text, len);
	return buf;
}

void quote_put(FILE *out, const char *text)
{
	struct spy_buf buf;

	if (!text) {
		fputs("null", out);
		return;
	}
	buf = escape(text);
	fwrite(buf.data, 1, buf.len, out);
	free(buf.data);
}

json_object *quote_text(const char *text)
{
	struct spy_buf buf = escape(text ? text : "");
	json_object *object = json_tokener_parse(spy_buf_cstr(&buf));

	free(buf.data);
	return object;
}
