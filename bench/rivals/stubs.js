'use strict';

// What the servers of others are told, and how they are waited for.

const http = require('node:http');

// As bench/stubs.py: one chat for each stub.
const chat = (number) => `0000S${String(number).padStart(4, '0')}EF002X`;
const accept = (number) => `/api/v2/me/chats/${chat(number)}`;

function free() {
  return new Promise((resolve) => {
    const server = http.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function listening(port, path, gone) {
  return new Promise((resolve, reject) => {
    gone.once('exit', () => reject(new Error('it ended before it listened')));
    const ask = () => {
      http.get({ host: '127.0.0.1', port, path }, (response) => response.resume().on('end', resolve))
        .on('error', () => setTimeout(ask, 20));
    };
    ask();
  });
}

// Says the URL once it is there, and goes when it is told to, or when whoever started it is gone.
async function lend(child, port, path, clean) {
  child.on('exit', () => {
    clean();
    process.exit(0);
  });
  const stop = () => child.kill('SIGTERM');
  process.on('SIGTERM', stop);
  process.stdin.on('end', stop).resume();
  await listening(port, path, child);
  process.stdout.write(`http://127.0.0.1:${port}\n`);
}

module.exports = { accept, free, lend };
