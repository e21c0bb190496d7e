/*
 * Filter: the controls above the findings, and what they let through.
 */
let shownFindings = findings;
let shownConnections = connections;

function processMatches(process) {
	if (!view.proc)
		return true;
	return view.proc.startsWith("host:") ? "host:" + process.host === view.proc : String(process.index) === view.proc;
}

function textMatches(words, text) {
	return words.every((word) => text.includes(word));
}

function findingText(finding) {
	finding.search ??= [finding.rule, finding.severity, finding.message, finding.cause, finding.remedy,
		...Object.keys(finding.stacks).flatMap((story) => stackOf(finding, story)).map(placeText),
		...finding.procs.map((i) => processLabel(processes[i])),
		...finding.members.slice(0, 100).map((member) => addresses(member.conn))].join("\n").toLowerCase();
	return finding.search;
}

function connectionText(conn) {
	conn.search ??= [`#${conn.id}`, addresses(conn), processLabel(conn.process), conn.process.host, roleName(conn),
		...conn.findings.map(({ finding }) => finding.rule + " " + placeText(finding.frame))].join("\n").toLowerCase();
	return conn.search;
}

function applyFilters() {
	const words = view.q.toLowerCase().split(/\s+/).filter((word) => word);
	const severities = view.sev.split(",");
	const mask = view.state ? 1 << stateNumber[view.state] : 0;
	const inState = (conn) => !mask || conn.states & mask;

	shownFindings = findings.filter((finding) => severities.includes(finding.severity) &&
		(!view.rule || finding.rule === view.rule) &&
		(!view.proc || finding.procs.some((i) => processMatches(processes[i]))) &&
		(!mask || finding.members.some((member) => inState(member.conn))) &&
		(!words.length || textMatches(words, findingText(finding))));
	const wanted = new Set(shownFindings);
	shownConnections = connections.filter((conn) => processMatches(conn.process) && inState(conn) &&
		(!words.length || textMatches(words, connectionText(conn))) &&
		(!view.found || conn.findings.some((found) => wanted.has(found.finding))));
	const all = shownFindings.length === findings.length && shownConnections.length === connections.length;
	byId("filter-count").textContent = all ? "" : `${shownFindings.length} of ${findings.length} findings, ` +
		`${shownConnections.length} of ${connections.length} connections`;
}

function option(value, text) {
	return el("option", { value }, text);
}

function makeFilters() {
	const rules = [...new Set(findings.map((finding) => finding.rule))];
	const seen = STATES.filter((name, number) => connections.some((conn) => conn.states & (1 << number)));
	const controls = { "filter-text": "q", "filter-rule": "rule", "filter-process": "proc", "filter-state": "state" };

	replace(byId("filter-rule"), option("", "All rules"), rules.map((rule) => option(rule, rule)));
	replace(byId("filter-process"), option("", "All processes"),
		hosts.length > 1 ? hosts.map((host) => option("host:" + host, "host " + host)) : [],
		processes.filter((process) => process.used).map((process) => option(String(process.index), processLabel(process))));
	replace(byId("filter-state"), option("", "Any state"), seen.map((name) => option(name, "was in " + name)));
	replace(byId("filter-severity"), SEVERITIES.map((severity) => el("button", {
		type: "button", class: "toggle " + severity, "data-severity": severity,
		onclick: () => toggleSeverity(severity),
	}, severity + "s ", el("b", null, findings.filter((finding) => finding.severity === severity).length))));
	for (const [id, key] of Object.entries(controls))
		byId(id).addEventListener("input", (event) => change({ [key]: event.target.value }));
	byId("filters").addEventListener("submit", (event) => event.preventDefault());
	byId("filter-clear").addEventListener("click", () => {
		const { sev, rule, proc, state, q, found } = DEFAULTS;
		change({ sev, rule, proc, state, q, found });
	});
	const show = () => {
		for (const [id, key] of Object.entries(controls))
			if (byId(id).value !== view[key])
				byId(id).value = view[key];
		for (const button of byId("filter-severity").children)
			button.setAttribute("aria-pressed", view.sev.split(",").includes(button.dataset.severity));
	};
	watch(["q", "rule", "proc", "state", "sev"], show);
	show();
}

function toggleSeverity(severity) {
	const on = view.sev.split(",").filter((name) => name);
	change({ sev: SEVERITIES.filter((name) => on.includes(name) !== (name === severity)).join(",") });
}
