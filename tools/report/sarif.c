/*
 * SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"): a run with the rules and a result for
 * each place.
 *
 * Files below the working directory are given relative to it, as code hosts want them; sarif_parts.c has
 * what a result is made of.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../include/tcpwaitspy/version.h"
#include "../cli/pages.h"
#include "../model/pool.h"
#include "place.h"
#include "quote.h"
#include "sarif_parts.h"
#include "writer.h"

/* The first paragraph behind the heading: what fires the rule. */
static json_object *meaning_of(const char *page)
{
	const char *start = strstr(page, "\n\n");
	const char *end = start ? strstr(start + 2, "\n\n") : NULL;
	char text[1024];

	if (!end)
		return sarif_message(page);
	snprintf(text, sizeof(text), "%.*s", (int)(end - start - 2), start + 2);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return sarif_message(text);
}

/* Where the right behaviour is written down: the first source that rules.def names, if it has an address. */
static json_object *source_uri(const char *source)
{
	const char *rfc = strstr(source, "RFC ");
	const char *manual = strchr(source, '(');
	char uri[128];
	unsigned int number;

	if (rfc && sscanf(rfc, "RFC %u", &number) == 1) {
		snprintf(uri, sizeof(uri), "https://www.rfc-editor.org/rfc/rfc%u", number);
	} else if (strncmp(source, "POSIX", 5) == 0) {
		snprintf(uri, sizeof(uri), "https://pubs.opengroup.org/onlinepubs/9699919799/");
	} else if (manual && manual[1] >= '1' && manual[1] <= '8' && manual[2] == ')') {
		snprintf(uri, sizeof(uri), "https://man7.org/linux/man-pages/man%c/%.*s.%c.html", manual[1],
			 (int)(manual - source), source, manual[1]);
	} else {
		return NULL;
	}
	return json_object_new_string(uri);
}

static json_object *rule_of(const char *name, const struct spy_rule_info *info)
{
	json_object *rule = json_object_new_object();
	const char *page = pages_find(name);
	json_object *level = json_object_new_object();
	json_object *uri = info ? source_uri(info->source) : NULL;

	json_object_object_add(rule, "id", quote_text(name));
	if (page) {
		json_object *help = sarif_message(info ? info->remedy : name);

		json_object_object_add(rule, "shortDescription", meaning_of(page));
		json_object_object_add(rule, "fullDescription", meaning_of(page));
		json_object_object_add(help, "markdown", quote_text(page));
		json_object_object_add(rule, "help", help);
	}
	if (uri)
		json_object_object_add(rule, "helpUri", uri);
	json_object_object_add(level, "level",
			       json_object_new_string(model_severity_name(info ? info->severity : SPY_WARNING)));
	json_object_object_add(rule, "defaultConfiguration", level);
	return rule;
}

/* All rules of this version, and behind them those of the logs that are not known here. */
static json_object *driver(const struct model *model, uint32_t *rule_indexes)
{
	json_object *object = json_object_new_object();
	json_object *rules = json_object_new_array();

	json_object_object_add(object, "name", json_object_new_string("tcpwaitspy"));
	json_object_object_add(object, "version", json_object_new_string(SPY_VERSION));
	json_object_object_add(object, "semanticVersion", json_object_new_string(SPY_VERSION));
	for (unsigned int i = 0; i < SPY_RULE_COUNT; i++)
		json_object_array_add(rules, rule_of(spy_rules[i].name, &spy_rules[i]));
	for (uint32_t i = 0; i < model->groups_count; i++) {
		const struct spy_rule_info *info = model_rule(model, model->groups[i].rule);

		rule_indexes[i] = info ? (uint32_t)(info - spy_rules) : MODEL_NONE;
		for (uint32_t j = 0; j < i && rule_indexes[i] == MODEL_NONE; j++)
			if (model->groups[j].rule == model->groups[i].rule)
				rule_indexes[i] = rule_indexes[j];
		if (rule_indexes[i] != MODEL_NONE)
			continue;
		rule_indexes[i] = (uint32_t)json_object_array_length(rules);
		json_object_array_add(rules, rule_of(model_text(model, model->groups[i].rule), NULL));
	}
	json_object_object_add(object, "rules", rules);
	return object;
}

static json_object *source_root(void)
{
	json_object *bases = json_object_new_object();
	json_object *base = json_object_new_object();
	char here[PATH_MAX];
	char root[PATH_MAX + 1] = "/";

	/* An address that others are relative to ends with a slash. */
	if (getcwd(here, sizeof(here)) && strcmp(here, "/") != 0)
		snprintf(root, sizeof(root), "%s/", here);
	json_object_object_add(base, "uri", sarif_uri(root));
	json_object_object_add(bases, SARIF_ROOT, base);
	return bases;
}

static json_object *run_of(const struct model *model)
{
	uint32_t *rule_indexes = pool_zeros((model->groups_count + 1) * sizeof(*rule_indexes));
	json_object *run = json_object_new_object();
	json_object *tool = json_object_new_object();
	json_object *results = json_object_new_array();

	json_object_object_add(tool, "driver", driver(model, rule_indexes));
	json_object_object_add(run, "tool", tool);
	json_object_object_add(run, "columnKind", json_object_new_string("utf16CodeUnits"));
	json_object_object_add(run, "originalUriBaseIds", source_root());
	for (uint32_t i = 0; i < model->groups_count; i++)
		json_object_array_add(results, sarif_result(model, i, rule_indexes[i]));
	json_object_object_add(run, "results", results);
	free(rule_indexes);
	return run;
}

void sarif_write(const struct model *model, FILE *out)
{
	json_object *log = json_object_new_object();
	json_object *runs = json_object_new_array();

	json_object_object_add(log, "$schema", json_object_new_string("https://json.schemastore.org/sarif-2.1.0.json"));
	json_object_object_add(log, "version", json_object_new_string("2.1.0"));
	json_object_array_add(runs, run_of(model));
	json_object_object_add(log, "runs", runs);
	fputs(json_object_to_json_string_ext(log, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB |
							  JSON_C_TO_STRING_NOSLASHESCAPE),
	      out);
	fputc('\n', out);
	json_object_put(log);
}
