/*
 * Words that both formats share: severities, the titles of a finding's stacks.
 */
#include "format.h"

const char *spy_severity_name(enum spy_severity severity, bool upper)
{
	static const char *const names[][2] = {
		[SPY_NOTE] = {"note", "NOTE"},
		[SPY_WARNING] = {"warning", "WARNING"},
		[SPY_ERROR] = {"error", "ERROR"},
	};

	return names[severity][upper];
}

const char *spy_story_member(enum spy_story story)
{
	static const char *const names[SPY_STORY_COUNT] = {"created", "eof", "closed", "here"};

	return names[story];
}

const char *spy_story_title(enum spy_story story)
{
	static const char *const names[SPY_STORY_COUNT] = {"created at", "end of file read at", "closed at", "used at"};

	return names[story];
}
