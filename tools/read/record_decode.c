/*
 * From the bytes of calls to items; see record_decode.h.
 */
#include "record_decode.h"

#include <string.h>
#include <sys/socket.h>

#include "../../shim/spell/spell.h"

#define TEXT_ROOM 128

static bool is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return len > 0;
}

static bool has_same_args(const struct record_call_names *names, const struct spy_call_info *call)
{
	for (unsigned int i = 0; i < SPY_CALL_ARGS; i++) {
		const char *known = call->args[i].name;

		if (!names->args[i] != !known || (known && strcmp(known, names->args[i]) != 0))
			return false;
	}
	return true;
}

static int find_known(const struct record_call_names *names)
{
	for (int i = 0; i < SPY_CALL_COUNT; i++)
		if (strcmp(spy_calls[i].name, names->name) == 0 && has_same_args(names, &spy_calls[i]))
			return i;
	return -1;
}

static struct record_call_names read_names(char *line)
{
	struct record_call_names names = {.name = "unknown", .known = -1};
	char *rest = line;
	unsigned int i = 0;

	for (char *word = strsep(&rest, " "); word; word = strsep(&rest, " ")) {
		if (!is_name(word, strlen(word)))
			break;
		if (word == line)
			names.name = word;
		else if (i < SPY_CALL_ARGS)
			names.args[i++] = word;
	}
	names.known = find_known(&names);
	return names;
}

struct record_calls record_calls_read(char *text, size_t len, struct room *room)
{
	struct record_calls calls = {.count = 0};
	char *end = text + len, *newline;
	size_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	calls.calls = room_get(room, (lines + 1) * sizeof(*calls.calls));
	while ((newline = memchr(text, '\n', (size_t)(end - text)))) {
		*newline = '\0';
		calls.calls[calls.count++] = read_names(text);
		text = newline + 1;
	}
	calls.calls[calls.count] = (struct record_call_names){.name = "unknown", .known = -1};
	return calls;
}

/* What is left of a payload; bad once more was wanted than there is. */
struct bytes {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static void take(struct bytes *bytes, void *to, size_t len)
{
	if (len > bytes->left) {
		bytes->bad = true;
		memset(to, 0, len);
		return;
	}
	memcpy(to, bytes->at, len);
	bytes->at += len;
	bytes->left -= len;
}

static struct spy_addr take_address(struct bytes *bytes, unsigned int kind)
{
	struct spy_addr addr = {.family = 0};

	if (kind == SPY_RECORD_NO_ADDRESS)
		return addr;
	addr.family = kind == SPY_RECORD_IPV4 ? AF_INET : AF_INET6;
	take(bytes, &addr.port, sizeof(addr.port));
	take(bytes, addr.ip, kind == SPY_RECORD_IPV4 ? 4 : 16);
	if (kind == SPY_RECORD_IPV6_SCOPED)
		take(bytes, &addr.scope_id, sizeof(addr.scope_id));
	return addr;
}

static const char *text_of(const struct spy_buf *buf, struct room *room)
{
	return buf->len ? room_text(room, buf->data, buf->len) : NULL;
}

static const char *address_text(const struct spy_addr *addr, struct room *room)
{
	char text[TEXT_ROOM];
	struct spy_buf buf = SPY_BUF(text);

	spy_buf_addr(&buf, addr);
	return text_of(&buf, room);
}

static const char *number_text(int64_t number, struct room *room)
{
	char text[TEXT_ROOM];
	struct spy_buf buf = SPY_BUF(text);

	spy_buf_int(&buf, number);
	return text_of(&buf, room);
}

/* One argument as the logs spell it; a call that this build does not know has numbers. */
static bool spell(const struct spy_event *ev, const struct record_call_names *names, unsigned int i, struct room *room,
		  struct item_pair *pair)
{
	char text[TEXT_ROOM * 4];
	struct spy_buf buf = SPY_BUF(text);
	enum spy_arg_form form;

	pair->name = names->args[i];
	if (!pair->name)
		return false;
	if (names->known < 0) {
		pair->value = ev->arg[i] == SPY_UNKNOWN ? NULL : number_text(ev->arg[i], room);
		return pair->value;
	}
	form = spy_arg_form(ev, i);
	spy_put_arg(&buf, ev, i);
	pair->value = buf.len ? text_of(&buf, room) : "";
	pair->is_text = form == SPY_FORM_WORD;
	return form != SPY_FORM_ABSENT;
}

static struct item_pairs args_of(const struct spy_event *ev, const struct record_call_names *names, struct room *room)
{
	struct item_pair *pairs = room_get(room, SPY_CALL_ARGS * sizeof(*pairs));
	size_t count = 0;

	for (unsigned int i = 0; i < SPY_CALL_ARGS; i++)
		if (spell(ev, names, i, room, &pairs[count]))
			count++;
	return (struct item_pairs){.count = count, .pairs = pairs};
}

static int state_of(uint8_t state)
{
	return state && state < SPY_STATE_COUNT ? state : ITEM_NO_STATE;
}

static const char *error_text(int err, struct room *room)
{
	if (!err)
		return NULL;
	return spy_errno_name(err) ? spy_errno_name(err) : number_text(err, room);
}

bool record_decode_call(const struct spy_record_event *event, const uint8_t *payload, const struct record_calls *calls,
			struct room *room, struct item *item)
{
	struct bytes bytes = {.at = payload, .left = event->length};
	const struct record_call_names *names;
	struct spy_addr local, peer;
	struct spy_record_call call;
	struct spy_event ev = {.ret = 0};

	take(&bytes, &call, sizeof(call));
	for (unsigned int i = 0; i < SPY_CALL_ARGS; i++) {
		ev.arg[i] = SPY_UNKNOWN;
		if (call.parts & 1u << (SPY_RECORD_ARG_SHIFT + i))
			take(&bytes, &ev.arg[i], sizeof(ev.arg[i]));
	}
	local = take_address(&bytes, call.parts >> SPY_RECORD_LOCAL_SHIFT & 3);
	peer = take_address(&bytes, call.parts >> SPY_RECORD_PEER_SHIFT & 3);
	ev.target = take_address(&bytes, call.parts >> SPY_RECORD_TARGET_SHIFT & 3);
	if (call.parts & SPY_RECORD_STACKED)
		take(&bytes, &item->stack, sizeof(item->stack));
	if (bytes.bad || bytes.left)
		return false;
	item->conn = call.conn;
	item->local = address_text(&local, room);
	item->peer = address_text(&peer, room);
	item->accepted = call.parts & SPY_RECORD_ACCEPTED;
	item->state_before = state_of(call.state_before);
	item->state = state_of(call.state);
	item->inferred = call.parts & SPY_RECORD_INFERRED;
	if (event->kind == SPY_RECORD_STATE) {
		item->type = ITEM_STATE;
		item->dwell_ns = call.duration_ns;
		return true;
	}
	names = &calls->calls[call.call < calls->count ? call.call : calls->count];
	ev.call = names->known < 0 ? 0 : (enum spy_call_id)names->known;
	item->type = ITEM_CALL;
	item->call = (struct item_call){
		.name = names->name,
		.fd = call.fd,
		.args = args_of(&ev, names, room),
		.ret = call.ret,
		.error = error_text(call.err, room),
		.duration_ns = call.duration_ns,
		.observed_eof = call.parts & SPY_RECORD_EOF,
	};
	return true;
}
