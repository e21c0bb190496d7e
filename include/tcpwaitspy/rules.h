/*
 * The rules as numbers, names and texts; what the columns mean is in rules.def.
 */
#ifndef TCPWAITSPY_RULES_H
#define TCPWAITSPY_RULES_H

#include <stdint.h>

#include "calls.h"

enum spy_rule {
#define RULE(id, name, severity, ops, often, message, remedy, source) SPY_RULE_##id,
#include "rules.def"
	SPY_RULE_COUNT
};

enum spy_severity { SPY_NOTE, SPY_WARNING, SPY_ERROR };

enum spy_often { SPY_ONCE, SPY_EACH };

struct spy_rule_info {
	const char *name;
	enum spy_severity severity;
	uint32_t ops; /* SPY_ON(op) | ... */
	enum spy_often often;
	const char *message;
	const char *remedy;
	const char *source;
};

/* Indexed by enum spy_rule; shim/core/rules.c. */
extern const struct spy_rule_info spy_rules[SPY_RULE_COUNT];

#endif
