/*
 * The schema's definitions as a table: members and their types, which must be there, and none besides
 * (additionalProperties is false all over the schema). And what the specification says that a schema
 * cannot: indexes point at what they name.
 */
#include "sarif.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum kind { TEXT, URI, LEVEL, FROM_0, FROM_1, BAG, TEXTS, OBJECT, OBJECTS };

struct member {
	const char *of; /* definition */
	const char *name;
	enum kind kind;
	const char *what; /* definition of OBJECT and OBJECTS */
	bool required;
};

static const struct member members[] = {
	{"log", "$schema", URI, NULL, false},
	{"log", "version", TEXT, NULL, true},
	{"log", "runs", OBJECTS, "run", true},
	{"run", "tool", OBJECT, "tool", true},
	{"run", "columnKind", TEXT, NULL, false},
	{"run", "originalUriBaseIds", BAG, NULL, false},
	{"run", "results", OBJECTS, "result", true},
	{"tool", "driver", OBJECT, "component", true},
	{"component", "name", TEXT, NULL, true},
	{"component", "version", TEXT, NULL, false},
	{"component", "semanticVersion", TEXT, NULL, false},
	{"component", "rules", OBJECTS, "rule", true},
	{"rule", "id", TEXT, NULL, true},
	{"rule", "shortDescription", OBJECT, "message", false},
	{"rule", "fullDescription", OBJECT, "message", false},
	{"rule", "help", OBJECT, "message", false},
	{"rule", "helpUri", URI, NULL, false},
	{"rule", "defaultConfiguration", OBJECT, "configuration", true},
	{"configuration", "level", LEVEL, NULL, true},
	{"message", "text", TEXT, NULL, true},
	{"message", "markdown", TEXT, NULL, false},
	{"result", "ruleId", TEXT, NULL, true},
	{"result", "ruleIndex", FROM_0, NULL, true},
	{"result", "level", LEVEL, NULL, true},
	{"result", "message", OBJECT, "message", true},
	{"result", "occurrenceCount", FROM_1, NULL, true},
	{"result", "locations", OBJECTS, "location", true},
	{"result", "partialFingerprints", TEXTS, NULL, true},
	{"result", "codeFlows", OBJECTS, "codeFlow", false},
	{"result", "stacks", OBJECTS, "stack", false},
	{"result", "relatedLocations", OBJECTS, "location", false},
	{"result", "properties", BAG, NULL, false},
	{"location", "message", OBJECT, "message", false},
	{"location", "physicalLocation", OBJECT, "physicalLocation", true},
	{"location", "logicalLocations", OBJECTS, "logicalLocation", false},
	{"physicalLocation", "artifactLocation", OBJECT, "artifactLocation", false},
	{"physicalLocation", "region", OBJECT, "region", false},
	{"physicalLocation", "address", OBJECT, "address", false},
	{"artifactLocation", "uri", URI, NULL, true},
	{"artifactLocation", "uriBaseId", TEXT, NULL, false},
	{"region", "startLine", FROM_1, NULL, true},
	{"region", "startColumn", FROM_1, NULL, false},
	{"region", "snippet", OBJECT, "message", false},
	{"address", "relativeAddress", FROM_0, NULL, false},
	{"address", "fullyQualifiedName", TEXT, NULL, false},
	{"logicalLocation", "name", TEXT, NULL, false},
	{"logicalLocation", "kind", TEXT, NULL, false},
	{"codeFlow", "threadFlows", OBJECTS, "threadFlow", true},
	{"threadFlow", "locations", OBJECTS, "threadFlowLocation", true},
	{"threadFlowLocation", "location", OBJECT, "location", false},
	{"stack", "message", OBJECT, "message", false},
	{"stack", "frames", OBJECTS, "stackFrame", true},
	{"stackFrame", "location", OBJECT, "location", false},
	{"stackFrame", "module", TEXT, NULL, false},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static char complaint[512];

static const char *complain(const char *of, const char *name, const char *what)
{
	snprintf(complaint, sizeof(complaint), "%s.%s %s", of, name, what);
	return complaint;
}

static const char *object_complaint(json_object *object, const char *of);

/* RFC 3986: an absolute address, or a path that is relative to something; no character that must be escaped. */
static bool is_uri(const char *text)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?#[]@!$&'()*+,;=%";

	for (const char *c = text; *c; c++)
		if (*c == '%' &&
		    (!c[1] || !strchr("0123456789ABCDEF", c[1]) || !c[2] || !strchr("0123456789ABCDEF", c[2])))
			return false;
	return *text && text[strspn(text, allowed)] == '\0' && *text != '/';
}

static const char *list_complaint(json_object *list, const struct member *member)
{
	if (!json_object_is_type(list, json_type_array))
		return complain(member->of, member->name, "is no list");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *wrong = object_complaint(json_object_array_get_idx(list, i), member->what);

		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *texts_complaint(json_object *object, const struct member *member)
{
	if (!json_object_is_type(object, json_type_object) || !json_object_object_length(object))
		return complain(member->of, member->name, "is no object of texts");
	json_object_object_foreach(object, key, value)
	{
		if (!*key || !json_object_is_type(value, json_type_string))
			return complain(member->of, member->name, "has something else than texts");
	}
	return NULL;
}

static const char *value_complaint(json_object *value, const struct member *member)
{
	bool text = json_object_is_type(value, json_type_string);
	bool number = json_object_is_type(value, json_type_int);
	const char *string = text ? json_object_get_string(value) : "";

	switch (member->kind) {
	case TEXT:
		return text && *string ? NULL : complain(member->of, member->name, "is no text");
	case URI:
		return is_uri(string) ? NULL : complain(member->of, member->name, "is no address");
	case LEVEL:
		if (strcmp(string, "error") == 0 || strcmp(string, "warning") == 0 || strcmp(string, "note") == 0)
			return NULL;
		return complain(member->of, member->name, "is no level");
	case FROM_0:
	case FROM_1:
		if (number && json_object_get_int64(value) >= (member->kind == FROM_1))
			return NULL;
		return complain(member->of, member->name, "is no number, or too low");
	case BAG:
		return json_object_is_type(value, json_type_object)
			       ? NULL
			       : complain(member->of, member->name, "is no object");
	case TEXTS:
		return texts_complaint(value, member);
	case OBJECT:
		return object_complaint(value, member->what);
	case OBJECTS:
		return list_complaint(value, member);
	}
	return NULL;
}

static const struct member *member_of(const char *of, const char *name)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].of, of) == 0 && strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static const char *object_complaint(json_object *object, const char *of)
{
	if (!json_object_is_type(object, json_type_object))
		return complain(of, "", "is no object");
	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].required && strcmp(members[i].of, of) == 0 &&
		    !json_object_object_get_ex(object, members[i].name, NULL))
			return complain(of, members[i].name, "is missing");
	json_object_object_foreach(object, name, value)
	{
		const struct member *member = member_of(of, name);
		const char *wrong =
			member ? value_complaint(value, member) : complain(of, name, "is not in the schema");

		if (wrong)
			return wrong;
	}
	/* anyOf of the definition. */
	if (strcmp(of, "physicalLocation") == 0 && !json_object_object_get_ex(object, "artifactLocation", NULL) &&
	    !json_object_object_get_ex(object, "address", NULL))
		return complain(of, "", "has neither artifactLocation nor address");
	return NULL;
}

static json_object *get(json_object *object, const char *name)
{
	return json_object_object_get(object, name);
}

/* The rule that a result points at is the one that it names; ids are unique. */
static const char *rules_complaint(json_object *run)
{
	json_object *rules = get(get(get(run, "tool"), "driver"), "rules");
	json_object *results = get(run, "results");

	for (size_t i = 0; i < json_object_array_length(rules); i++)
		for (size_t j = 0; j < i; j++)
			if (json_object_equal(get(json_object_array_get_idx(rules, i), "id"),
					      get(json_object_array_get_idx(rules, j), "id")))
				return "two rules have one id";
	for (size_t i = 0; i < json_object_array_length(results); i++) {
		json_object *result = json_object_array_get_idx(results, i);
		json_object *rule =
			json_object_array_get_idx(rules, (size_t)json_object_get_int64(get(result, "ruleIndex")));

		if (!rule || !json_object_equal(get(rule, "id"), get(result, "ruleId")))
			return "a result's ruleIndex is not that of its ruleId";
	}
	return NULL;
}

const char *sarif_complaint(json_object *log)
{
	const char *wrong = object_complaint(log, "log");

	if (wrong)
		return wrong;
	if (strcmp(json_object_get_string(get(log, "version")), "2.1.0") != 0)
		return "log.version is not 2.1.0";
	for (size_t i = 0; i < json_object_array_length(get(log, "runs")) && !wrong; i++)
		wrong = rules_complaint(json_object_array_get_idx(get(log, "runs"), i));
	return wrong;
}
