/*
 * View: what is chosen and filtered, kept in the address after `#` so that it can be sent to a
 * colleague; and who wants to hear of changes.
 */
const DEFAULTS = {
	f: -1, c: -1, sev: SEVERITIES.join(","), rule: "", proc: "", state: "", q: "",
	order: "worst", found: "", from: "", to: "", at: "",
};
const view = { ...DEFAULTS };
const watchers = [];
let writing = 0;

/* body runs whenever one of these parts of the view has changed. */
function watch(keys, body) {
	watchers.push([keys, body]);
}

/* keep: the way back leads to the view as it was. */
function change(changes, keep = false) {
	const changed = Object.keys(changes).filter((key) => view[key] !== changes[key]);
	Object.assign(view, changes);
	if (keep)
		writeHash(true);
	if (!changed.length)
		return;
	if (!keep && !writing)
		writing = setTimeout(() => writeHash(false), 150);
	for (const [keys, body] of watchers)
		if (keys.some((key) => changed.includes(key)))
			body();
}

function hashOf(state) {
	const parts = new URLSearchParams();
	for (const [key, value] of Object.entries(state))
		if (value !== DEFAULTS[key])
			parts.set(key, value);
	return "#" + parts.toString();
}

function writeHash(keep) {
	clearTimeout(writing);
	writing = 0;
	const hash = hashOf({ ...view, at: "" });
	if (hash === (location.hash || "#"))
		return;
	if (keep)
		history.pushState(null, "", hash);
	else
		history.replaceState(null, "", hash);
}

function readHash() {
	const parts = new URLSearchParams(location.hash.slice(1));
	const read = {};
	for (const key of Object.keys(DEFAULTS)) {
		const text = parts.get(key);
		read[key] = text === null ? DEFAULTS[key] : typeof DEFAULTS[key] === "number" ? Number(text) : text;
	}
	if (!findings[read.f])
		read.f = -1;
	if (!connections[read.c])
		read.c = -1;
	return withChoice(read);
}

/* Where nothing is chosen, the worst finding is; and where a finding alone is, its first connection. */
function withChoice(read) {
	if (read.f < 0 && read.c < 0 && findings.length)
		read.f = 0;
	if (read.c < 0 && read.f >= 0 && findings[read.f].members.length)
		read.c = findings[read.f].members[0].conn.index;
	return read;
}

/* A link inside the page names one thing; all else stays as it is. */
function followHash() {
	const parts = new URLSearchParams(location.hash.slice(1));
	const at = parts.get("at");
	if (at && [...parts].length === 1)
		history.replaceState(null, "", hashOf({ ...view, at: "" }));
	else
		change(readHash());
	if (at && byId(at))
		scrollToView(byId(at));
	view.at = "";
}

/* A link inside the page that works by itself, and without a jump where the script can do it. */
function link(hash, attributes, body, ...children) {
	const follow = (event) => {
		if (event.ctrlKey || event.metaKey || event.shiftKey)
			return;
		event.preventDefault();
		body();
	};

	return el("a", { href: hash, ...attributes, onclick: follow }, ...children);
}

function scrollToView(element) {
	element.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: "start" });
}

function calm() {
	return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/* Chooses a finding, and with it the first of its connections unless one of them is chosen. */
function chooseFinding(index) {
	const members = findings[index].members;
	const kept = members.some(({ conn }) => conn.index === view.c || conn.twin && conn.twin.index === view.c);
	change({ f: index, c: kept || !members.length ? view.c : members[0].conn.index }, true);
}

/* Chooses a connection, and with it its worst finding unless one of its findings is chosen. */
function chooseConnection(index) {
	const own = connections[index].findings.map((found) => found.finding.index);
	change({ c: index, f: own.length && !own.includes(view.f) ? Math.min(...own) : view.f }, true);
}
