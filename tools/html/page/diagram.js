/*
 * Diagram: the state diagram of RFC 9293 (figure 5) with the ways that the connections took. Steps
 * that the figure does not have are resets, or several steps between two looks; they are dashed.
 */
const BOX = { width: 160, height: 54 };
const PLACES = {
	CLOSED: [412, 32], LISTEN: [412, 128], SYN_RECV: [184, 224], SYN_SENT: [660, 224], ESTABLISHED: [412, 320],
	FIN_WAIT_1: [184, 416], CLOSE_WAIT: [660, 416], FIN_WAIT_2: [92, 512], CLOSING: [396, 512], LAST_ACK: [660, 512],
	TIME_WAIT: [236, 608], END: [548, 608],
};
/* from, to, what the figure says at the arrow */
const ARROWS = [
	["CLOSED", "LISTEN", "passive OPEN"], ["CLOSED", "SYN_SENT", "active OPEN"], ["LISTEN", "SYN_RECV", "rcv SYN"],
	["LISTEN", "SYN_SENT", "SEND"], ["SYN_SENT", "SYN_RECV", "rcv SYN"], ["SYN_SENT", "ESTABLISHED", "rcv SYN,ACK"],
	["SYN_RECV", "ESTABLISHED", "rcv ACK"], ["SYN_RECV", "FIN_WAIT_1", "CLOSE"], ["ESTABLISHED", "FIN_WAIT_1", "CLOSE"],
	["ESTABLISHED", "CLOSE_WAIT", "rcv FIN"], ["FIN_WAIT_1", "FIN_WAIT_2", "rcv ACK"],
	["FIN_WAIT_1", "CLOSING", "rcv FIN"], ["FIN_WAIT_1", "TIME_WAIT", "rcv FIN,ACK"],
	["FIN_WAIT_2", "TIME_WAIT", "rcv FIN"], ["CLOSING", "TIME_WAIT", "rcv ACK"], ["CLOSE_WAIT", "LAST_ACK", "CLOSE"],
	["LISTEN", "CLOSED", "CLOSE"], ["SYN_SENT", "CLOSED", "CLOSE"], ["LAST_ACK", "END", "rcv ACK"],
	["TIME_WAIT", "END", "2 MSL"],
];
/* How far a way swings out, so that it does not lie on another or on a box. */
const BENDS = {
	"LISTEN CLOSED": -110, "SYN_SENT CLOSED": 70, "CLOSED ESTABLISHED": -90, "ESTABLISHED END": 8,
	"ESTABLISHED TIME_WAIT": 24, "CLOSE_WAIT END": 70, "ESTABLISHED LAST_ACK": 30, "FIN_WAIT_2 END": -40,
	"FIN_WAIT_1 END": -95,
};

/* Where the line from the middle of a box towards a point leaves it. */
function borderOf([x, y], [tx, ty]) {
	const dx = tx - x, dy = ty - y;
	const part = 1 / Math.max(Math.abs(dx) / (BOX.width / 2), Math.abs(dy) / (BOX.height / 2), 0.001);

	return [x + dx * part, y + dy * part];
}

/* CLOSED is drawn twice, as in the figure: a connection begins in one and ends in the other. */
function nodeName(state, isEnd) {
	return isEnd && STATES[state] === "CLOSED" ? "END" : STATES[state];
}

/* What was not open yet closes to where it began. */
function endName(way) {
	return nodeName(way.to, !["LISTEN", "SYN_SENT"].includes(STATES[way.from]));
}

function wayOn(ways, from, to) {
	return ways.find((way) => STATES[way.from] === from && endName(way) === to);
}

function drawDiagram() {
	const { ways, states } = waysOf(shownConnections);
	const arrows = [], labels = [];

	for (const [from, to, label] of ARROWS) {
		const way = wayOn(ways, from, to);

		if (way)
			way.drawn = true;
		addArrow(arrows, labels, from, to, label, way);
	}
	for (const way of ways)
		if (!way.drawn)
			addArrow(arrows, labels, STATES[way.from], endName(way), "", way);
	const drawing = svg("svg", {
		viewBox: "0 0 780 640", role: "group", "aria-label": "State diagram of RFC 9293 with the ways that connections took",
	}, svg("defs", null, arrowHead("ahead"), arrowHead("ahead-faint")),
	arrows, Object.keys(PLACES).map((name) => drawNode(name, states, ways)), labels);
	replace(byId("diagram"), drawing,
		ways.length ? null : el("p", { class: "hint" }, "The logs have no changes of state of these connections."),
		el("p", { class: "hint" }, `${many(shownConnections.length, "connection")} as filtered. A dashed way is a reset, ` +
			"or several steps between two looks. Choose a state to filter by it."),
		el("details", null, el("summary", null, "As a table"), waysTable(ways)));
}

function arrowHead(id) {
	const size = { refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse" };

	return svg("marker", { id, viewBox: "0 0 8 8", orient: "auto", ...size }, svg("path", { d: "M0 0L8 4L0 8z" }));
}

function addArrow(arrows, labels, from, to, label, way) {
	const a = PLACES[from], b = PLACES[to];
	const bend = BENDS[`${from} ${to}`] ?? (label ? 0 : 46);

	if (!a || !b || from === to)
		return;
	const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
	const middle = [(a[0] + b[0]) / 2 - (b[1] - a[1]) / length * bend, (a[1] + b[1]) / 2 + (b[0] - a[0]) / length * bend];
	const start = borderOf(a, bend ? middle : b), end = borderOf(b, bend ? middle : a);
	const knee = [2 * middle[0] - (start[0] + end[0]) / 2, 2 * middle[1] - (start[1] + end[1]) / 2];
	const line = svg("path", {
		d: bend ? `M${start}Q${knee} ${end}` : `M${start}L${end}`,
		class: "way" + (way ? " taken" : "") + (label ? "" : " beside"),
		"marker-end": `url(#${way ? "ahead" : "ahead-faint"})`,
		"stroke-width": way ? Math.min(1.5 + 0.7 * Math.log10(way.dwells.length), 5) : 1,
	});

	arrows.push(line);
	if (!way) {
		labels.push(svg("text", { x: middle[0], y: middle[1] + 3, class: "arrow-label faint" }, label));
		return;
	}
	line.append(svg("title", null, wayText(way)));
	labels.push(svg("g", { class: "arrow-label" },
		svg("text", { x: middle[0], y: middle[1] - (label ? 2 : -3), class: "count" }, grouped(way.dwells.length) + "×"),
		label ? svg("text", { x: middle[0], y: middle[1] + 10, class: "said" }, label) : null));
}

function wayText(way) {
	return `${STATES[way.from]} to ${STATES[way.to]}: ${way.dwells.length}×, after ` +
		`${duration(median(way.dwells))} (median), ${duration(longest(way.dwells))} (longest)`;
}

function drawNode(name, states, ways) {
	const [x, y] = PLACES[name];
	const end = name === "END";
	const state = stateNumber[end ? "CLOSED" : name];
	const counted = states[state];
	const count = counted.dwells.length;
	const ended = end ? sumOf(ways.filter((way) => endName(way) === "END").map((way) => way.dwells.length)) : 0;
	const used = end ? ended : count;
	const facts = end ? (ended ? [`${grouped(ended)} ended here`] : []) : nodeFacts(name, counted);

	return svg("g", {
		class: `node s-${STATES[state]}` + (used ? " used" : "") + (view.state === name ? " chosen" : ""),
		transform: `translate(${x - BOX.width / 2} ${y - BOX.height / 2})`,
		role: end || !used ? null : "button", tabindex: end || !used ? null : 0, "data-state": end ? null : name,
		"aria-label": end || !used ? null : `${name}: ${facts.join(", ")}`,
		onclick: () => used && !end && change({ state: view.state === name ? "" : name }),
		onkeydown: (event) => {
			if ((event.key === "Enter" || event.key === " ") && used && !end) {
				event.preventDefault();
				change({ state: view.state === name ? "" : name });
				const again = document.querySelector(`#diagram [data-state="${name}"]`);
				if (again)
					again.focus();
			}
		},
	},
	svg("rect", { width: BOX.width, height: BOX.height, rx: 3 }),
	svg("rect", { class: "band", width: 5, height: BOX.height }),
	svg("text", { x: BOX.width / 2 + 2, y: [31, 24, 18][facts.length], class: "name" }, end ? "CLOSED" : name),
	facts.map((fact, line) =>
		svg("text", { x: BOX.width / 2 + 2, y: (facts.length > 1 ? 33 : 40) + 14 * line, class: "facts" }, fact)));
}

function nodeFacts(name, counted) {
	const count = counted.dwells.length;
	const left = counted.left ? `, ${grouped(counted.left)} still` : "";

	if (!count)
		return [];
	if (name === "CLOSED")
		return [`${grouped(counted.began)} began here`];
	return [`${grouped(count)}×, median ${duration(median(counted.dwells))}`,
		`longest ${duration(longest(counted.dwells))}${left}`];
}

function waysTable(ways) {
	const rows = [...ways].sort((a, b) => b.dwells.length - a.dwells.length);

	return el("table", null, tableHead("From", "To", "#Count", "#Time before, median", "#Longest", "#Total"),
		el("tbody", null, rows.map((way) => el("tr", null,
			el("td", null, STATES[way.from]), el("td", null, STATES[way.to]), numberCell(grouped(way.dwells.length)),
			numberCell(duration(median(way.dwells))), numberCell(duration(longest(way.dwells))),
			numberCell(duration(sumOf(way.dwells)))))));
}
