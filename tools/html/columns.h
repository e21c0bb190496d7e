/*
 * What there is much of, as columns of numbers: connections, spans and events; and the texts that they
 * refer to. html.h describes them.
 */
#ifndef TOOLS_HTML_COLUMNS_H
#define TOOLS_HTML_COLUMNS_H

#include "../model/model.h"
#include "page_json.h"

/* Members `connections`, `spans`, `events` and `strings` of an object that is open. */
void columns_write(struct page_json *out, const struct model *model);

/* A moment as the page counts it. */
static inline int64_t page_us(const struct model *model, int64_t ts_ns)
{
	return ts_ns / 1000 - model->first_ns / 1000;
}

#endif
