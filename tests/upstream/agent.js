'use strict';

const http = require('node:http');
const https = require('node:https');
const { parseArgs } = require('node:util');
const { performance } = require('node:perf_hooks');
const { createJar } = require('./cookies.js');

const { values: options } = parseArgs({
  options: {
    cometd: { type: 'string', default: '3.1' },
    transport: { type: 'string', default: 'long-polling' },
    url: { type: 'string' },
    path: { type: 'string', default: '/api/v2/notifications' },
    user: { type: 'string' },
    'auth-cometd': { type: 'boolean', default: false },
    'no-cookies': { type: 'boolean', default: false },
    nickname: { type: 'string', default: 'Marat' },
    channel: { type: 'string', multiple: true, default: ['/v2/me/chats'] },
    ready: { type: 'boolean', default: false },
    'get-me': { type: 'boolean', default: false },
    expect: { type: 'string', default: '4' },
    timeout: { type: 'string', default: '15000' },
  },
});
if (!options.url) {
  process.stderr.write('agent.js: --url is needed\n');
  process.exit(2);
}
const base = options.url.replace(/\/$/, '');
const expected = Number(options.expect);

// The libraries log to the console; stdout is for observations only.
console.log = console.info = console.debug = console.error;

function say(kind, fields) {
  const t = Math.round(performance.now() * 100) / 100;
  process.stdout.write(JSON.stringify({ t, kind, ...fields }) + '\n');
}

setTimeout(() => {
  say('failure', { error: `timeout after ${options.timeout} ms` });
  process.exit(1);
}, Number(options.timeout));

const jar = createJar();
const authorization = options.user && {
  Authorization: 'Basic ' + Buffer.from(`${options.user}:secret`).toString('base64'),
};

const client = base.startsWith('https:') ? https : http;
const connections = new client.Agent({ keepAlive: true });
let unanswered = 0;

function rest(method, path, body) {
  const text = body && JSON.stringify(body);
  const headers = { Accept: 'application/json', ...authorization };
  if (text) Object.assign(headers, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  if (!options['no-cookies'] && jar.list().length) headers.Cookie = jar.list().join('; ');
  unanswered++;
  say('request', { method, path, body });

  return new Promise((resolve) => {
    const fail = (error) => {
      unanswered--;
      say('failure', { method, path, error: error.message });
      resolve();
    };
    const request = client.request(base + path, { method, headers, agent: connections }, (response) => {
      (response.headers['set-cookie'] || []).forEach(jar.store);
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        unanswered--;
        const content = Buffer.concat(chunks).toString('utf8');
        let answer = content;
        try {
          answer = JSON.parse(content);
        } catch (error) {
          // Shown as text: what is not JSON is worth seeing too.
        }
        say('answer', { status: response.statusCode, body: answer });
        resolve();
      });
    });
    request.on('error', fail);
    request.end(text);
  });
}

async function createCometD() {
  const { adapt } = await import('cometd-nodejs-client');
  adapt({
    cookies: {
      storeCookie(uri, header, callback) {
        jar.store(header);
        callback();
      },
      retrieveCookies: (context, uri, callback) => callback(null, jar.list()),
    },
  });

  // The adapter's WebSocket sends neither cookies nor headers; a browser sends at least the cookies.
  const WebSocket = window.WebSocket;
  window.WebSocket = class extends WebSocket {
    constructor(url, protocols) {
      const headers = { ...(options['auth-cometd'] && authorization) };
      if (!options['no-cookies'] && jar.list().length) headers.Cookie = jar.list().join('; ');
      super(url, protocols, { headers });
    }
  };

  // After adapt: older versions look for window.WebSocket when they are made, newer ones are
  // ES modules and cannot be required everywhere.
  const library = await import(`cometd-${options.cometd}`);
  const cometd = new (library.CometD || library.default.CometD)();
  const requestHeaders = options['auth-cometd'] ? { ...authorization } : {};
  cometd.configure({ url: base + options.path, logLevel: 'error', requestHeaders });
  cometd.websocketEnabled = options.transport === 'websocket';
  for (const type of cometd.getTransportTypes()) {
    if (type !== options.transport) cometd.unregisterTransport(type);
  }
  return cometd;
}

function transportOf(cometd) {
  const transport = cometd.getTransport();
  if (!transport) return null;
  return transport.getType ? transport.getType() : transport.type;
}

function failureOf(message) {
  const { channel, subscription, error, advice, failure = {} } = message;
  const { httpCode, websocketCode, reason, exception } = failure;
  return { channel, subscription, error, advice, httpCode, websocketCode, reason, exception: exception && String(exception) };
}

async function main() {
  if (options.ready) await rest('POST', '/api/v2/me', { operationName: 'Ready' });
  if (options['get-me']) await rest('GET', '/api/v2/me');

  const cometd = await createCometD();
  const seen = new WeakSet();
  const accepted = new Set();
  let events = 0;
  let leaving = false;

  function leaveWhenDone() {
    // The last event may come before the answer to the request that caused it.
    if (leaving || events < expected || unanswered) return;
    leaving = true;
    cometd.disconnect(() => {
      say('disconnected');
      process.exit(0);
    });
  }

  function received(message) {
    // Overlapping subscriptions call back once each for the one message.
    // A subscription to /** also hears the replies to the client's own meta messages.
    if (seen.has(message) || message.channel.startsWith('/meta/')) return;
    seen.add(message);
    events++;
    const { channel, data } = message;
    say('event', { channel, data });
    const chat = data && data.chat;
    if (chat && chat.state === 'Invited' && !accepted.has(chat.id)) {
      accepted.add(chat.id);
      const body = { operationName: 'Accept', nickname: options.nickname };
      rest('POST', `/api/v2/me/chats/${chat.id}`, body).then(leaveWhenDone);
    }
    leaveWhenDone();
  }

  cometd.onListenerException = (exception) => {
    say('failure', { exception: String(exception) });
  };
  cometd.addListener('/meta/unsuccessful', (message) => say('failure', failureOf(message)));
  cometd.addListener('/meta/subscribe', (message) => {
    if (message.successful) say('subscribed', { channel: message.subscription });
  });
  cometd.addListener('/meta/handshake', (message) => {
    say('handshake', { successful: message.successful, transport: transportOf(cometd) });
    if (!message.successful) return;
    for (const channel of options.channel) cometd.subscribe(channel, received);
  });
  cometd.handshake();
}

main();
