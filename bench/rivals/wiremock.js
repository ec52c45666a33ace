'use strict';

// WireMock with so many stubs, each an Accept of a chat of its own; journal and logging off, as in its fastest set-up.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { accept, free, lend } = require('./stubs.js');

const ready = '/__admin/health';

function mapping(number) {
  return {
    request: {
      method: 'POST',
      urlPath: accept(number),
      bodyPatterns: [{ matchesJsonPath: "$[?(@.operationName == 'Accept')]" }],
    },
    response: { status: 200, headers: { 'Content-Type': 'application/json' }, body: '{"statusCode":0}' },
  };
}

async function main() {
  const port = await free();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replay-wiremock-'));
  fs.mkdirSync(path.join(folder, 'mappings'));
  const mappings = Array.from({ length: Number(process.argv[2]) || 1 }, (_, index) => mapping(index + 1));
  fs.writeFileSync(path.join(folder, 'mappings', 'accepts.json'), JSON.stringify({ mappings }));
  // The package brings the jar; its own script would start it without saying when it listens.
  const build = path.join(path.dirname(require.resolve('wiremock/package.json')), 'build');
  const jar = path.join(build, fs.readdirSync(build).find((name) => name.endsWith('.jar')));
  const flags = ['--port', port, '--bind-address', '127.0.0.1', '--root-dir', folder, '--no-request-journal'];
  const quiet = ['--disable-request-logging', '--disable-banner', '--use-chunked-encoding', 'never', '--disable-gzip'];
  const child = spawn('java', ['-jar', jar, ...flags, ...quiet], { stdio: 'ignore' });
  await lend(child, port, ready, () => fs.rmSync(folder, { recursive: true, force: true }));
}

main();
