/*
 * A small server and its clients in one process, in the ways that node has. Prints a line `CASE: RESULT` for each.
 */
'use strict';
const http = require('http');
const net = require('net');
const { once } = require('events');
const { execFile } = require('child_process');
const { promisify } = require('util');

const HERE = '127.0.0.1';

async function say(name, body) {
	let result;
	try {
		result = await body();
	} catch (error) {
		result = `${error.name} ${error.code} ${error.syscall}`;
	}
	console.log(`${name}: ${result}`);
}

async function listen(server) {
	server.listen(0, HERE);
	await once(server, 'listening');
	return server.address().port;
}

function get(port, path, agent, body) {
	return new Promise((resolve, reject) => {
		const request = http.request({ host: HERE, port, path, agent, method: body ? 'POST' : 'GET' }, (response) => {
			let text = '';
			response.on('data', (part) => { text += part; });
			response.on('end', () => resolve(`${response.statusCode} ${text}`));
			response.on('error', reject);
		});
		request.on('error', reject);
		request.end(body);
	});
}

const answers = {
	'/cut': (request, response) => {
		response.writeHead(200, { 'Content-Length': 100 });
		response.write('ten bytes');
		response.destroy();
	},
	'/reset': (request) => request.socket.resetAndDestroy(),
	'/slow': (request, response) => setTimeout(() => response.end('slow'), 100),
};

function answer(request, response) {
	if (answers[request.url]) {
		answers[request.url](request, response);
		return;
	}
	let size = 0;
	request.on('data', (part) => { size += part.length; });
	request.on('end', () => response.end(`${request.url} ${size}`));
}

async function httpCases() {
	const server = http.createServer(answer);
	const port = await listen(server);
	const kept = new http.Agent({ keepAlive: true, maxSockets: 2 });
	await say('one', () => get(port, '/one', false));
	await say('kept connections', async () => {
		const all = await Promise.all([...Array(20).keys()].map((i) => get(port, `/${i}`, kept)));
		return all.join(';');
	});
	await say('new connections', async () => {
		const all = [];
		for (let i = 0; i < 20; i++)
			all.push(await get(port, `/${i}`, false));
		return all.join(';');
	});
	await say('post', () => get(port, '/post', kept, 'x'.repeat(100000)));
	await say('slow', () => get(port, '/slow', kept));
	await say('cut short', () => get(port, '/cut', false));
	await say('reset', () => get(port, '/reset', false));
	await say('fetch', async () => (await fetch(`http://${HERE}:${port}/fetch`)).text());
	kept.destroy();
	server.closeAllConnections();
	server.close();
	await once(server, 'close');
	await say('refused', () => get(port, '/', false));
}

async function netCases() {
	const echo = net.createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
	const port = await listen(echo);
	await say('echo and half-close', async () => {
		const socket = net.connect(port, HERE);
		let size = 0;
		socket.on('data', (part) => { size += part.length; });
		socket.end(Buffer.alloc(300000));
		await once(socket, 'close');
		return size;
	});
	await say('timeout', async () => {
		const socket = net.connect(port, HERE);
		socket.setTimeout(100);
		await once(socket, 'timeout');
		socket.destroy();
		return socket.destroyed;
	});
	await say('address in use', async () => {
		const second = net.createServer();
		second.listen(port, HERE);
		await Promise.race([once(second, 'listening'), once(second, 'error').then(([error]) => { throw error; })]);
	});
	await say('child', async () => (await promisify(execFile)('echo', ['through a child'])).stdout.trim());
	echo.close();
	await once(echo, 'close');
}

httpCases().then(netCases).then(() => process.exit(3));
