/*
 * Text: how values are written, and the only way that they get into the page. What comes from a
 * log is put in as text nodes and nothing else.
 */
"use strict";

/* Characters that would be invisible or turn a line around are shown by their code. */
function plain(text) {
	return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
		(c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

/* An element: attributes by name, `on...` are listeners, children are elements or text. */
function el(name, attributes, ...children) {
	return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes, ...children) {
	return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(element, attributes, children) {
	for (const [key, value] of Object.entries(attributes || {})) {
		if (key.startsWith("on"))
			element.addEventListener(key.slice(2), value);
		else if (value !== null && value !== undefined && value !== false)
			element.setAttribute(key, value === true ? "" : value);
	}
	element.append(...present(children));
	return element;
}

/* Children without those that are left out: null, undefined, false. */
function present(children) {
	return children.flat(2).filter((child) => child !== null && child !== undefined && child !== false);
}

function dim(...children) {
	return el("span", { class: "dim" }, ...children);
}

/* The head of a table: names of columns, those of numbers with a `#` in front. */
function tableHead(...names) {
	return el("thead", null, el("tr", null, names.map((name) => name.startsWith("#") ?
		el("th", { scope: "col", class: "number" }, name.slice(1)) : el("th", { scope: "col" }, name))));
}

function numberCell(text, bad = false) {
	return el("td", { class: bad ? "number bad" : "number" }, text);
}

function byId(id) {
	return document.getElementById(id);
}

function replace(element, ...children) {
	element.replaceChildren(...present(children));
}

/* Microseconds as people say it. */
function duration(us) {
	if (us < 0)
		return "−" + duration(-us);
	if (us < 1000)
		return (us < 10 ? us.toFixed(1) : Math.round(us)) + " µs";
	if (us < 1e6)
		return (us / 1e3).toPrecision(3) + " ms";
	if (us < 60e6)
		return (us / 1e6).toFixed(us < 10e6 ? 2 : 1) + " s";
	const s = Math.round(us / 1e6);
	if (s < 3600)
		return Math.floor(s / 60) + " min " + (s % 60) + " s";
	if (s < 86400)
		return Math.floor(s / 3600) + " h " + Math.floor((s % 3600) / 60) + " min";
	return Math.floor(s / 86400) + " d " + Math.floor((s % 86400) / 3600) + " h";
}

/* A moment (microseconds after the report's start) in UTC; digits after the second: 0 to 6. */
function clock(us, digits = 6) {
	const at = report.start + us;
	const seconds = new Date(Math.floor(at / 1000)).toISOString().slice(11, 19);
	const rest = String(Math.floor(at % 1e6)).padStart(6, "0").slice(0, digits);
	return digits ? seconds + "." + rest : seconds;
}

function day(us) {
	return new Date(Math.floor((report.start + us) / 1000)).toISOString().slice(0, 10);
}

function grouped(count) {
	return count.toLocaleString("en-US");
}

function many(count, one, more = one + "s") {
	return grouped(count) + " " + (count === 1 ? one : more);
}

function baseName(path) {
	return path.slice(path.lastIndexOf("/") + 1) || path;
}
