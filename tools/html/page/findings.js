/*
 * Findings: the verdict, the list, and the chosen one with its code and connections.
 */
function severityMark(severity) {
	return el("span", { class: "severity " + severity }, severity);
}

function total(severity) {
	return findings.reduce((sum, finding) => sum + (finding.severity === severity ? finding.count : 0), 0);
}

function drawVerdict() {
	const [errors, warnings, notes] = SEVERITIES.map(total);
	const worst = findings[0];
	const listeners = connections.filter((conn) => conn.role === LISTENER).length;
	const good = !errors && !warnings;
	const counts = [many(errors, "error"), many(warnings, "warning"), many(notes, "note")];
	const head = good ? ["No errors", "no warnings"] : counts.slice(0, errors ? 1 : 2);
	const worstOnes = findings.filter((finding) => finding.severity === (errors ? "error" : "warning"));
	const places = new Set(worstOnes.map((finding) => placeText(finding.frame))).size;

	replace(byId("verdict"),
		el("p", { class: "counts" + (good ? " good" : errors ? " error" : " warning") },
			el("strong", null, head.join(", ")),
			el("span", null, good ? ", " : ` at ${many(places, "place")}, `,
				counts.slice(good ? 2 : head.length).join(", "), " in ",
				many(connections.length - listeners, "connection"), " of ",
				many(processes.filter((process) => process.used).length, "process", "processes"))),
		worst && el("p", { class: "worst" }, el("span", { class: "lead" }, good ? "First: " : "Worst: "),
			link("#f=0", null, () => showFinding(0), el("b", null, worst.rule), " at ",
				el("code", null, placeText(worst.frame)), worst.count > 1 ? `, ${grouped(worst.count)} times` : "")),
		worst && el("p", { class: "remedy" }, el("span", { class: "lead" }, "Remedy: "), worst.remedy));
}

function showFinding(index) {
	chooseFinding(index);
	showIfAlone(byId("finding"));
}

/* On a small screen what was chosen does not stand beside the choice. */
function showIfAlone(element) {
	if (matchMedia("(max-width: 899px)").matches)
		scrollToView(element);
}

function drawFindingList() {
	replace(byId("finding-list"), shownFindings.map((finding) => el("li", null,
		link("#f=" + finding.index, { class: "finding " + finding.severity, "data-finding": finding.index },
			() => showFinding(finding.index),
		el("span", { class: "line" }, severityMark(finding.severity), el("b", null, finding.rule),
			el("span", { class: "times" }, finding.count > 1 ? "×" + grouped(finding.count) : "")),
		el("span", { class: "place" }, placeText(finding.frame)),
		el("span", { class: "who" }, whoHas(finding))))),
	shownFindings.length ? [] : el("li", { class: "empty" },
		findings.length ? "No finding passes the filters." : "Nothing was found."));
	markFinding();
}

function whoHas(finding) {
	const names = finding.procs.map((i) => processLabel(processes[i]));
	return names.length > 2 ? `${names[0]} and ${names.length - 1} more processes` : names.join(", ");
}

function markFinding() {
	for (const link of byId("finding-list").querySelectorAll("a")) {
		const chosen = Number(link.dataset.finding) === view.f;

		link.setAttribute("aria-current", chosen);
		if (chosen && link.offsetParent)
			keepInList(link);
	}
}

function keepInList(link) {
	const list = byId("finding-list");
	const top = link.offsetTop - list.offsetTop;

	if (top < list.scrollTop)
		list.scrollTop = top;
	else if (top + link.offsetHeight > list.scrollTop + list.clientHeight)
		list.scrollTop = top + link.offsetHeight - list.clientHeight;
}

const STORY = { created: "created at", eof: "end of file read at", closed: "closed at", here: "used at" };

function drawFinding() {
	const finding = findings[view.f];
	const pane = byId("finding");

	if (!finding) {
		replace(pane, el("p", { class: "empty" }, findings.length ? "Choose a finding." : ""));
		return;
	}
	replace(pane, findingBody(finding, true));
}

function findingBody(finding, live) {
	return [
		el("h3", null, severityMark(finding.severity), " ", finding.rule,
			finding.cause ? el("small", null, " " + finding.cause) : null),
		el("p", { class: "message" },
			finding.message || "Only the summary tells of it; the finding's own line is not in the logs."),
		finding.why ? el("p", { class: "remedy" }, el("span", { class: "lead" }, "Cause: "), finding.why) : null,
		el("p", { class: "remedy" }, el("span", { class: "lead" }, "Remedy: "), finding.remedy),
		el("p", { class: "dim" }, finding.count > 1 ? `${many(finding.count, "time")} at this place, ` +
			`${clock(finding.first, 3)} to ${clock(finding.last, 3)} UTC` :
			`${clock(finding.first, 3)} UTC, ${day(finding.first)}`),
		stacksOf(finding),
		live ? membersOf(finding) : null,
		finding.evidence.length ? el("details", null, el("summary", null, "Evidence"),
			el("dl", { class: "facts" }, finding.evidence.map(([name, value]) =>
				[el("dt", null, plain(name)), el("dd", null, plain(value))]))) : null,
	];
}

/* The stack that the finding is charged to comes first, and the code of its place stands open. */
function stacksOf(finding) {
	const names = Object.keys(STORY).filter((name) => stackOf(finding, name).length);

	if (!names.length && finding.frame)
		return el("section", { class: "stack" }, el("h4", null, "at"),
			el("ul", { class: "frames" }, frameItem(finding.frame, true)));
	names.sort((a, b) => (finding.stacks[b][0] === finding.place) - (finding.stacks[a][0] === finding.place));
	return names.map((name, number) => el("section", { class: "stack" }, el("h4", null, STORY[name]),
		el("ol", { class: "frames", start: 0 }, stackOf(finding, name).map((frame, depth) =>
			frameItem(frame, number === 0 && depth === 0)))));
}

function frameItem(frame, open) {
	const head = [el("code", null, frame.fn || "?"), " ", el("span", { class: "spot" }, placeSpot(frame) || "unknown"),
		      frame.file ? el("span", { class: "dim path" }, " " + frame.file) : null];

	return el("li", null, frame.text ? el("details", { open }, el("summary", { class: "frame" }, head), codeOf(frame)) :
		el("span", { class: "frame" }, head));
}

function codeOf(frame) {
	return el("pre", { class: "code", tabindex: 0, "aria-label": `${frame.file}, lines around ${frame.line}` },
		frame.text.lines.map((text, i) => {
			const number = frame.text.first + i;
			const at = number === frame.line;

			return el("span", { class: at ? "row at" : "row" }, el("span", { class: "number" }, number),
				at ? el("mark", null, text || " ") : text, "\n");
		}));
}

function membersOf(finding) {
	const shown = finding.members.slice(0, 12);

	if (!shown.length)
		return el("p", { class: "dim" }, "None of its connections is in the logs.");
	return el("section", { class: "members" },
		el("h4", null, many(finding.members.length, "connection")),
		el("ul", null, shown.map((member) => el("li", null, connectionLink(member.conn)))),
		finding.members.some((member) => member.at < 0) ? el("p", { class: "dim" },
			"The log names the first and counts the others: these are the ones that came the same way.") : null,
		finding.members.length > shown.length ? el("p", { class: "dim" },
			`and ${finding.members.length - shown.length} more: `,
			el("button", { type: "button", onclick: () => onlyThese(finding) }, "show them in the lanes")) : null);
}

function onlyThese(finding) {
	change({ rule: finding.rule, found: "1", order: "worst" });
	scrollToView(byId("timeline"));
}

function connectionLink(conn) {
	const attributes = { class: "conn", "data-conn": conn.index, "aria-current": conn.index === view.c };

	return link("#c=" + conn.index, attributes, () => {
		change({ c: conn.index }, true);
		showIfAlone(byId("connection"));
	}, `#${conn.id} ${arrow(conn)} ${conn.peer || conn.local || "*"}`,
	conn.closeWait ? dim(` ${duration(conn.closeWait)} in CLOSE_WAIT`) :
		conn.open ? dim(" left in " + STATES[conn.lastState]) : null);
}

function markMembers() {
	for (const link of document.querySelectorAll("#finding a.conn"))
		link.setAttribute("aria-current", Number(link.dataset.conn) === view.c);
}
