'use strict';

// mountebank with one stub, whose behaviour is to wait for 100 ms; logging off, as in its fastest set-up.
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');

function free() {
  return new Promise((resolve) => {
    const server = http.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function listening(port) {
  return new Promise((resolve) => {
    const ask = () => {
      http.get({ host: '127.0.0.1', port, path: '/slow' }, (response) => response.resume().on('end', resolve))
        .on('error', () => setTimeout(ask, 50));
    };
    ask();
  });
}

async function main() {
  const [admin, port] = [await free(), await free()];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replay-mountebank-'));
  const file = path.join(folder, 'imposters.json');
  const body = '{"statusCode":0}';
  // It closes each connection unless it is told not to.
  const kept = { 'Content-Type': 'application/json', 'Content-Length': body.length, Connection: 'keep-alive' };
  const is = { statusCode: 200, headers: kept, body };
  const stub = { predicates: [{ equals: { path: '/slow' } }], responses: [{ is, behaviors: [{ wait: 100 }] }] };
  fs.writeFileSync(file, JSON.stringify({ imposters: [{ protocol: 'http', port, host: '127.0.0.1', stubs: [stub] }] }));
  const mb = path.join(path.dirname(require.resolve('mountebank/package.json')), 'bin', 'mb');
  const flags = ['start', '--configfile', file, '--port', admin, '--host', '127.0.0.1', '--nologfile'];
  const child = spawn(process.execPath, [mb, ...flags, '--loglevel', 'error', '--pidfile', path.join(folder, 'pid')], {
    cwd: folder,
    stdio: 'ignore',
  });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', () => {
    fs.rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  });
  await listening(port);
  process.stdout.write(`http://127.0.0.1:${port}\n`);
}

main();
