/*
 * States: how each of the eleven looks. Colour is never alone: height and pattern differ as well,
 * and wherever there is room the name is written.
 *
 * height is that of the bar in a lane; pattern is what is drawn over the colour.
 */
const STATE_LOOKS = {
	CLOSED: { height: 2, pattern: "" },
	LISTEN: { height: 5, pattern: "" },
	SYN_SENT: { height: 5, pattern: "" },
	SYN_RECV: { height: 5, pattern: "rising" },
	ESTABLISHED: { height: 11, pattern: "" },
	FIN_WAIT_1: { height: 14, pattern: "rising" },
	FIN_WAIT_2: { height: 14, pattern: "" },
	CLOSING: { height: 14, pattern: "crossed" },
	TIME_WAIT: { height: 11, pattern: "dots" },
	CLOSE_WAIT: { height: 16, pattern: "" },
	LAST_ACK: { height: 14, pattern: "falling" },
};
const LOOK_OF_UNKNOWN = { height: 5, pattern: "" };
let theme = null;

/* The colours in force: those of the style sheet, read anew when light and dark change. */
function readTheme() {
	const style = getComputedStyle(document.documentElement);
	const colour = (name) => style.getPropertyValue(name).trim();

	theme = {
		text: colour("--text"), dim: colour("--dim"), line: colour("--line"), page: colour("--page"),
		chosen: colour("--chosen"), accent: colour("--accent"), stripe: colour("--stripe"),
		error: colour("--error"), warning: colour("--warning"), note: colour("--note"),
		states: STATES.map((name) => {
			const look = STATE_LOOKS[name] || LOOK_OF_UNKNOWN;
			const fill = colour("--s-" + name) || colour("--dim");

			return { ...look, name, fill, ink: colour("--i-" + name) || colour("--page"),
				 pattern: look.pattern && patternOf(look.pattern, colour("--page")) };
		}),
	};
}

function patternOf(kind, ink) {
	const tile = el("canvas", { width: 6, height: 6 });
	const pen = tile.getContext("2d");
	const strokes = { rising: [[0, 6, 6, 0]], falling: [[0, 0, 6, 6]], crossed: [[0, 6, 6, 0], [0, 0, 6, 6]] };

	pen.strokeStyle = pen.fillStyle = ink;
	pen.globalAlpha = 0.55;
	for (const [x0, y0, x1, y1] of strokes[kind] || []) {
		pen.beginPath();
		pen.moveTo(x0, y0);
		pen.lineTo(x1, y1);
		pen.stroke();
	}
	if (kind === "dots")
		pen.fillRect(2, 2, 2, 2);
	return pen.createPattern(tile, "repeat");
}

/* A small sample of a state's bar, as in the lanes. */
function swatch(number) {
	const look = theme.states[number];
	const canvas = el("canvas", { width: 36, height: 32, class: "swatch", "aria-hidden": "true" });
	const pen = canvas.getContext("2d");

	pen.scale(2, 2);
	drawBar(pen, look, 0, 18, 8);
	return canvas;
}

function drawBar(pen, look, x, width, middle) {
	const top = middle - look.height / 2;

	pen.fillStyle = look.fill;
	pen.fillRect(x, top, width, look.height);
	if (look.pattern && width >= 3) {
		pen.fillStyle = look.pattern;
		pen.fillRect(x, top, width, look.height);
	}
}

function stateChip(number) {
	return el("span", { class: "state s-" + STATES[number] }, STATES[number]);
}

function drawLegend() {
	const seen = connections.reduce((mask, conn) => mask | conn.states, 0);
	const order = Object.keys(STATE_LOOKS).map((name) => stateNumber[name]);

	replace(byId("legend"), order.filter((number) => seen & (1 << number)).map((number) =>
		el("li", null, swatch(number), STATES[number])),
		el("li", null, el("span", { class: "mark tick" }, "│"), "call"),
		el("li", null, el("span", { class: "mark eof" }, "▾"), "end of file read"),
		el("li", null, el("span", { class: "mark failed" }, "×"), "failed call"),
		el("li", null, el("span", { class: "mark found" }, "◆"), "finding"));
}

/*
 * The ways between states over some connections: for each pair how often, and how long the state
 * before had lasted; for each state how long it lasted, how many began in it and are in it still.
 */
function waysOf(list) {
	const ways = new Map();
	const states = STATES.map(() => ({ dwells: [], began: 0, left: 0 }));

	for (const conn of list) {
		for (let s = conn.firstSpan; s < conn.spanEnd; s++) {
			const state = spans.state[s];
			const last = s + 1 === conn.spanEnd;

			states[state].dwells.push(spans.d[s]);
			if (s === conn.firstSpan)
				states[state].began++;
			states[state].left += last && conn.open;
			if (last && (conn.open || STATES[state] === "CLOSED"))
				continue;
			const next = last ? stateNumber.CLOSED : spans.state[s + 1];
			const key = state * STATES.length + next;
			if (!ways.has(key))
				ways.set(key, { from: state, to: next, dwells: [] });
			ways.get(key).dwells.push(spans.d[s]);
		}
	}
	for (const counted of [...ways.values(), ...states])
		counted.dwells.sort((a, b) => a - b);
	return { ways: [...ways.values()], states };
}

function sumOf(values) {
	return values.reduce((sum, value) => sum + value, 0);
}

function longest(sorted) {
	return sorted[sorted.length - 1];
}

/* Of sorted values. */
function median(values) {
	return values.length ? values[values.length >> 1] : 0;
}
