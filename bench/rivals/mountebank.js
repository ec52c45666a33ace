'use strict';

// mountebank, logging off as in its fastest set-up. With a number: so many stubs, each an Accept of a chat of
// its own; without: one that waits for 100 ms.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { accept, free, lend } = require('./stubs.js');

const body = '{"statusCode":0}';
// It closes each connection unless it is told not to.
const kept = { 'Content-Type': 'application/json', 'Content-Length': body.length, Connection: 'keep-alive' };
const is = { statusCode: 200, headers: kept, body };

function stubs(count) {
  if (!count) return [{ predicates: [{ equals: { path: '/slow' } }], responses: [{ is, behaviors: [{ wait: 100 }] }] }];
  return Array.from({ length: count }, (_, index) => ({
    predicates: [{ equals: { method: 'POST', path: accept(index + 1), body: { operationName: 'Accept' } } }],
    responses: [{ is }],
  }));
}

async function main() {
  const [admin, port] = [await free(), await free()];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replay-mountebank-'));
  const file = path.join(folder, 'imposters.json');
  const imposter = { protocol: 'http', port, host: '127.0.0.1', stubs: stubs(Number(process.argv[2])) };
  fs.writeFileSync(file, JSON.stringify({ imposters: [imposter] }));
  const mb = path.join(path.dirname(require.resolve('mountebank/package.json')), 'bin', 'mb');
  const flags = ['start', '--configfile', file, '--port', admin, '--host', '127.0.0.1', '--nologfile'];
  const child = spawn(process.execPath, [mb, ...flags, '--loglevel', 'error', '--pidfile', path.join(folder, 'pid')], {
    cwd: folder,
    stdio: 'ignore',
  });
  await lend(child, port, '/slow', () => fs.rmSync(folder, { recursive: true, force: true }));
}

main();
