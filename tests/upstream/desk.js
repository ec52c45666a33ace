'use strict';

const http = require('node:http');
const https = require('node:https');
const { parseArgs } = require('node:util');
const { performance } = require('node:perf_hooks');
const { createJar } = require('./cookies.js');
const { createTalk } = require('./talk.js');

const OPTIONS = {
  transport: { type: 'string', default: 'long-polling' },
  url: { type: 'string' },
  path: { type: 'string', default: '/api/v2/notifications' },
  user: { type: 'string' },
  'auth-cometd': { type: 'boolean', default: false },
  'no-cookies': { type: 'boolean', default: false },
  nickname: { type: 'string', default: 'Marat' },
  channel: { type: 'string', multiple: true, default: ['/v2/me/chats'] },
  login: { type: 'boolean', default: false },
  ready: { type: 'boolean', default: false },
  'get-me': { type: 'boolean', default: false },
  unsubscribe: { type: 'boolean', default: false },
  expect: { type: 'string', default: '4' },
  // Lines the agent says in each chat, from its history to its end; none: it only accepts.
  talk: { type: 'string', default: '0' },
  think: { type: 'string', default: '40' },
  timeout: { type: 'string', default: '15000' },
};

function say(kind, fields) {
  const t = Math.round(performance.now() * 100) / 100;
  process.stdout.write(JSON.stringify({ t, kind, ...fields }) + '\n');
}

// What every agent desktop does, whichever Bayeux library it is built on: REST, and what follows
// from the events that the library brings. `more` are the options of this one.
function createDesk(more = {}) {
  const { values: options } = parseArgs({ options: { ...OPTIONS, ...more } });
  if (!options.url) {
    process.stderr.write('--url is needed\n');
    process.exit(2);
  }
  // The libraries log to the console; stdout is for observations only.
  console.log = console.info = console.debug = console.error;
  setTimeout(() => {
    say('failure', { error: `timeout after ${options.timeout} ms` });
    process.exit(1);
  }, Number(options.timeout));

  const base = options.url.replace(/\/$/, '');
  const expected = Number(options.expect);
  const jar = createJar();
  const authorization = options.user && {
    Authorization: 'Basic ' + Buffer.from(`${options.user}:secret`).toString('base64'),
  };
  const client = base.startsWith('https:') ? https : http;
  const connections = new client.Agent({ keepAlive: true });
  const accepted = new Set();
  let unanswered = 0;
  let events = 0;
  let leave;

  function cookies() {
    return options['no-cookies'] ? '' : jar.list().join('; ');
  }

  function rest(method, path, body) {
    const text = body && JSON.stringify(body);
    const headers = { Accept: 'application/json', ...authorization };
    if (text) Object.assign(headers, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    if (cookies()) headers.Cookie = cookies();
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

  async function open(goodbye) {
    leave = goodbye;
    const login = { operationName: 'StartContactCenterSession', channels: ['chat'] };
    if (options.login) await rest('POST', '/api/v2/me', login);
    if (options.ready) await rest('POST', '/api/v2/me', { operationName: 'Ready' });
    if (options['get-me']) await rest('GET', '/api/v2/me');
  }

  function leaveWhenDone() {
    // The last event may come before the answer to the request that caused it.
    if (!leave || events < expected || unanswered) return;
    const goodbye = leave;
    leave = undefined;
    goodbye();
  }

  const talk = Number(options.talk) > 0 && createTalk({
    lines: Number(options.talk),
    base,
    think: Number(options.think),
    operate: (id, body) => rest('POST', `/api/v2/me/chats/${id}`, body).then(leaveWhenDone),
  });

  function received(channel, data) {
    events++;
    say('event', { channel, data });
    const chat = data && data.chat;
    if (chat && chat.state === 'Invited' && !accepted.has(chat.id)) {
      accepted.add(chat.id);
      const body = { operationName: 'Accept', nickname: options.nickname };
      rest('POST', `/api/v2/me/chats/${chat.id}`, body).then(leaveWhenDone);
    }
    if (talk && data) talk(data);
    leaveWhenDone();
  }

  return { options, base, jar, authorization, cookies, say, open, received };
}

module.exports = { createDesk };
