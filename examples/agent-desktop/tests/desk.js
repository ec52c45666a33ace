'use strict';

// Desktops for tests: each line of stdin says what to do with one, each line of stdout what came of it.

const { createInterface } = require('node:readline');
// Before cometd.js, which looks for a browser when it is loaded.
require('cometd-nodejs-client').adapt();
console.log = console.info = console.debug = console.error;
const { Desktop } = require('../desktop.js');

// Node keeps no cookies, and a browser sends them with its WebSockets.
const cookies = new Map();
const { fetch } = global;
global.fetch = async (url, options) => {
  const response = await fetch(url, options);
  const given = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  if (given.length) cookies.set(new URL(url).host, given.join('; '));
  return response;
};
const { WebSocket } = window;
window.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { headers: { Cookie: cookies.get(new URL(url).host) } });
  }
};

const desks = new Map();
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function act({ desk, act: name, given }) {
  if (name === 'open') {
    desks.set(desk, new Desktop({ ...given[0], changed: (desktop) => say({ desk, view: desktop.view() }) }));
    return desks.get(desk).start();
  }
  if (name === 'close') return desks.get(desk).stop();
  return desks.get(desk)[name](...given);
}

createInterface({ input: process.stdin }).on('line', async (line) => {
  const asked = JSON.parse(line);
  try {
    await act(asked);
    say({ id: asked.id });
  } catch (error) {
    say({ id: asked.id, error: error.message });
  }
}).on('close', () => process.exit());
