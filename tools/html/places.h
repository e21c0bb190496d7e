/*
 * Places in code: the members `frames` and `texts` of the page's data, and stacks of them.
 */
#ifndef TOOLS_HTML_PLACES_H
#define TOOLS_HTML_PLACES_H

#include "../model/model.h"
#include "page_json.h"

/* Without source code where the model has no symbols. */
void places_write(struct page_json *out, const struct model *model);

#endif
