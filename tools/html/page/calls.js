/*
 * Calls: the chosen connection, its lane and that of its other side, and all its calls in order.
 * Of the list, too, only the rows in sight exist.
 */
const CALL_HEIGHT = 20;
const calls = { list: [], rows: null, asked: false, conn: null };

/* The events of both sides by time; those of the other side are told by their number. */
function callsOf(conn) {
	let own = conn.firstEvent, other = conn.twin ? conn.twin.firstEvent : 0;
	const otherEnd = conn.twin ? conn.twin.eventEnd : 0;
	const list = new Uint32Array(conn.eventEnd - own + otherEnd - other);

	for (let i = 0; i < list.length; i++) {
		const takeOwn = other >= otherEnd || own < conn.eventEnd && events.t[own] <= events.t[other];
		list[i] = takeOwn ? own++ : other++;
	}
	return list;
}

function isOf(conn, event) {
	return event >= conn.firstEvent && event < conn.eventEnd;
}

function drawConnection() {
	const conn = connections[view.c];
	const pane = byId("connection");

	calls.conn = conn;
	if (!conn) {
		replace(pane, el("h2", null, "Connection"),
			el("p", { class: "empty" }, "Choose a connection: in a finding, or in the lanes."));
		return;
	}
	const canvas = el("canvas", { class: "own-lanes", role: "img", "aria-label": laneLabel(conn) });
	calls.list = callsOf(conn);
	replace(pane,
		el("h2", null, `Connection #${conn.id}`),
		el("p", { class: "addresses" }, el("code", null, addresses(conn)),
			dim(` ${roleName(conn)} by ${processLabel(conn.process)}, first seen ${clock(conn.start)}`)),
		placesOf(conn),
		el("div", { class: "own-box" }, canvas),
		el("ul", { class: "dwells", "aria-label": "States in order" }, dwellsOf(conn)),
		conn.twin && el("p", null, "Other side: ", link("#c=" + conn.twin.index, null,
			() => chooseConnection(conn.twin.index), `#${conn.twin.id} of ${processLabel(conn.twin.process)}`)),
		el("p", { class: "ways" }, link("#at=timeline", null, showInLanes, "Show in the lanes"),
			el("a", { href: "#at=findings" }, "Findings")),
		conn.findings.length ? el("ul", { class: "found" },
			conn.findings.map(({ finding }) => el("li", null, findingLink(finding)))) : null,
		el("h3", null, many(calls.list.length, "event"), conn.twin ? " of both sides" : ""),
		calls.list.length ? callTable(conn) : el("p", { class: "empty" },
			"The logs have no calls on it: calls=none, or a part of them is missing."));
	drawOwnLanes(canvas, conn);
	askForCalls();
}

/* Where its story turned, as far as the log tells. */
function placesOf(conn) {
	const known = ["made", "eof", "closed"].filter((name) => conn[name]);
	const title = { made: STORY.created, eof: STORY.eof, closed: STORY.closed };

	return known.length ? el("dl", { class: "facts places" }, known.map((name) =>
		[el("dt", null, title[name]), el("dd", null, el("code", null, placeText(conn[name])))])) : null;
}

function showInLanes() {
	fitConnection();
	scrollToView(byId("timeline"));
}

function findingLink(finding) {
	const attributes = { "aria-current": finding.index === view.f, "data-finding": finding.index };

	return link("#f=" + finding.index, attributes, () => {
		change({ f: finding.index }, true);
		scrollToView(byId("findings"));
	}, severityMark(finding.severity), " ", finding.rule, " ", dim(placeText(finding.frame)));
}

function dwellsOf(conn) {
	const items = [];

	for (let s = conn.firstSpan; s < conn.spanEnd; s++) {
		const last = s + 1 === conn.spanEnd;

		items.push(el("li", null, stateChip(spans.state[s]), ` ${duration(spans.d[s])}`,
			last && conn.open ? " and still" : null));
	}
	if (items.length && !conn.open)
		items.push(el("li", null, stateChip(stateNumber.CLOSED)));
	return items;
}

function drawOwnLanes(canvas, conn) {
	const sides = conn.twin ? [conn, conn.twin] : [conn];
	const width = canvas.parentElement.clientWidth - 2, height = AXIS_HEIGHT + sides.length * ROW_HEIGHT;
	const from = Math.min(...sides.map((side) => side.start)), to = Math.max(...sides.map((side) => side.end));
	const margin = Math.max((to - from) * 0.03, 10);
	const scale = makeScale(from - margin, to + margin, 0, width);
	const pen = penFor(canvas, width, height);

	drawAxis(pen, scale, height);
	sides.forEach((side, row) => drawLane(pen, side, scale, AXIS_HEIGHT + row * ROW_HEIGHT + ROW_HEIGHT / 2));
	canvas.onpointermove = (event) => {
		const box = canvas.getBoundingClientRect();
		const side = sides[Math.floor((event.clientY - box.top - AXIS_HEIGHT) / ROW_HEIGHT)];

		if (side)
			showTip(event.clientX, event.clientY, tipFor(side, whatIsAt(side, scale, event.clientX - box.left)));
		else
			hideTip();
	};
	canvas.onpointerleave = hideTip;
}

function callTable(conn) {
	const head = ["Seconds", conn.twin ? "Side" : null, "Call", "New state", "Took"].filter((name) => name);

	calls.rows = el("div", { class: "call-rows", role: "rowgroup" });
	calls.box = el("div", {
		class: "call-box", onscroll: askForCalls, tabindex: 0, role: "rowgroup", "aria-label": "Calls",
	}, calls.rows);
	calls.rows.style.height = calls.list.length * CALL_HEIGHT + "px";
	return el("div", {
		class: "calls" + (conn.twin ? " two" : ""), role: "table", "aria-label": "Calls",
		"aria-rowcount": calls.list.length + 1,
	}, el("div", { class: "call-head", role: "row" }, head.map((name) => el("span", { role: "columnheader" }, name))),
	calls.box);
}

function askForCalls() {
	if (calls.asked)
		return;
	calls.asked = true;
	requestAnimationFrame(() => {
		calls.asked = false;
		if (calls.conn && calls.list.length)
			drawCallRows();
	});
}

function drawCallRows() {
	const first = Math.max(0, Math.floor(calls.box.scrollTop / CALL_HEIGHT) - 4);
	const end = Math.min(calls.list.length, first + Math.ceil(calls.box.clientHeight / CALL_HEIGHT) + 8);
	const rows = [];

	for (let i = first; i < end; i++)
		rows.push(callRow(calls.conn, calls.list[i], i));
	calls.rows.replaceChildren(...rows);
}

function callRow(conn, event, number) {
	const own = isOf(conn, event);
	const before = events.before[event], after = events.state[event];
	const guessed = events.flags[event] & INFERRED ? "~" : "";
	const marks = [own ? "" : " other", events.err[event] ? " failed" : "",
		       events.flags[event] & END_OF_FILE ? " eof" : ""];
	const place = frameAt(events.at[event]);
	const row = el("div", {
		role: "row", "aria-rowindex": number + 2,
		title: callText(event) + "\n" + eventFacts(event) + (place ? "\nat " + placeText(place) : ""),
		class: "call" + marks.join(""),
	},
	cell(sinceStart(conn, events.t[event]), "when"),
	conn.twin ? cell(own ? conn.process.name : conn.twin.process.name, "side") : null,
	events.call[event] ? cell([el("code", null, callText(event)), place ? dim(" at " + placeText(place)) : null]) : cell(el("em", null, "without a call")),
	before === after ? cell("") : cell([guessed, stateChip(after)]),
	cell(events.call[event] ? duration(events.d[event] / 10) : "", "took"));

	row.style.transform = `translateY(${number * CALL_HEIGHT}px)`;
	return row;
}

/* Seconds after the first that is known of the connection or its other side. */
function sinceStart(conn, time) {
	return ((time - Math.min(conn.start, conn.twin ? conn.twin.start : Infinity)) / 1e6).toFixed(6);
}

function cell(content, name) {
	return el("span", { role: "cell", class: name }, content);
}
