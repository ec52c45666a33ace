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
  // First asks who it is, and sends the token that comes with the answer, as GWS has it.
  csrf: { type: 'boolean', default: false },
  nickname: { type: 'string', default: 'Marat' },
  channel: { type: 'string', multiple: true, default: ['/v2/me/chats'] },
  login: { type: 'boolean', default: false },
  ready: { type: 'boolean', default: false },
  'get-me': { type: 'boolean', default: false },
  unsubscribe: { type: 'boolean', default: false },
  expect: { type: 'string', default: '4' },
  // Lines the agent says in each chat, from its history to its end; none: it only accepts.
  talk: { type: 'string', default: '0' },
  // Does several things at once in each chat instead.
  busy: { type: 'boolean', default: false },
  think: { type: 'string', default: '40' },
  // How often the agent asks who it is, one request after the other, from its first event on.
  ask: { type: 'string', default: '0' },
  // How long it waits for an answer, and how often it repeats what got none or a refusal.
  patience: { type: 'string', default: '0' },
  again: { type: 'string', default: '0' },
  // After another handshake it accepts again what it has accepted before.
  anew: { type: 'boolean', default: false },
  // How long it stays once it has seen all that it expected.
  linger: { type: 'string', default: '0' },
  // Stays until its standard input ends.
  stay: { type: 'boolean', default: false },
  timeout: { type: 'string', default: '15000' },
  // After how many milliseconds with nothing to say it gives up; the first word begins them.
  quiet: { type: 'string', default: '0' },
};

// Between two requests of one kind, in milliseconds.
const PAUSE = 100;

const later = (delay) => new Promise((resolve) => setTimeout(resolve, delay));

let spoken = () => {};

function say(kind, fields) {
  const t = Math.round(performance.now() * 100) / 100;
  process.stdout.write(JSON.stringify({ t, kind, ...fields }) + '\n');
  spoken();
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
  function giveUp(delay) {
    return setTimeout(() => {
      say('failure', { error: `timeout after ${delay} ms` });
      process.exit(1);
    }, Number(delay));
  }
  giveUp(options.timeout);
  if (Number(options.quiet)) {
    let silence;
    spoken = () => {
      clearTimeout(silence);
      silence = giveUp(options.quiet);
    };
  }

  const base = options.url.replace(/\/$/, '');
  const expected = Number(options.expect);
  const jar = createJar();
  const authorization = options.user && {
    Authorization: 'Basic ' + Buffer.from(`${options.user}:secret`).toString('base64'),
  };
  const client = base.startsWith('https:') ? https : http;
  const connections = new client.Agent({ keepAlive: true });
  const accepted = new Set();
  let token = {};
  let unanswered = 0;
  let asking = Number(options.ask) > 0;
  let events = 0;
  let leave;

  function cookies() {
    return options['no-cookies'] ? '' : jar.list().join('; ');
  }

  async function rest(method, path, body) {
    let status = await once(method, path, body);
    for (let turn = 0; turn < Number(options.again) && (!status || status >= 400); turn++) {
      await later(PAUSE);
      status = await once(method, path, body);
    }
  }

  function once(method, path, body) {
    const name = (body && body.operationName) || `${method} ${path}`;
    const text = body && JSON.stringify(body);
    const headers = { Accept: 'application/json', ...authorization };
    if (text) Object.assign(headers, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    if (cookies()) headers.Cookie = cookies();
    if (method !== 'GET') Object.assign(headers, token);
    unanswered++;
    say('request', { method, path, body });

    return new Promise((resolve) => {
      let over = false;
      const fail = (error) => {
        if (over) return;
        over = true;
        unanswered--;
        say('failure', { method, path, name, error: error.message });
        resolve();
      };
      const request = client.request(base + path, { method, headers, agent: connections }, (response) => {
        const given = response.headers['set-cookie'] || [];
        given.forEach(jar.store);
        const header = response.headers['x-csrf-header'];
        if (options.csrf && header) token = { [header]: response.headers[header.toLowerCase()] };
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          over = true;
          unanswered--;
          const content = Buffer.concat(chunks).toString('utf8');
          let answer = content;
          try {
            answer = JSON.parse(content);
          } catch (error) {
            // Shown as text: what is not JSON is worth seeing too.
          }
          say('answer', { name, status: response.statusCode, body: answer, ...(given.length && { cookies: given }) });
          resolve(response.statusCode);
        });
      });
      request.on('error', fail);
      if (Number(options.patience)) {
        request.setTimeout(Number(options.patience), () => request.destroy(new Error('no answer')));
      }
      request.end(text);
    });
  }

  async function open(goodbye) {
    leave = goodbye;
    const login = { operationName: 'StartContactCenterSession', channels: ['chat'] };
    if (options.csrf) await rest('GET', '/api/v2/me');
    if (options.login) await rest('POST', '/api/v2/me', login);
    if (options.ready) await rest('POST', '/api/v2/me', { operationName: 'Ready' });
    if (options['get-me']) await rest('GET', '/api/v2/me');
  }

  async function ask() {
    for (let turn = 0; turn < Number(options.ask); turn++) {
      await rest('GET', '/api/v2/me');
      await later(PAUSE);
    }
    asking = false;
    leaveWhenDone();
  }

  function leaveWhenDone() {
    // The last event may come before the answer to the request that caused it.
    if (!leave || events < expected || unanswered || asking) return;
    const goodbye = leave;
    leave = undefined;
    if (options.stay) process.stdin.on('end', goodbye).resume();
    else if (Number(options.linger)) setTimeout(goodbye, Number(options.linger));
    else goodbye();
  }

  const talk = (Number(options.talk) > 0 || options.busy) && createTalk({
    lines: Number(options.talk),
    busy: options.busy,
    base,
    think: Number(options.think),
    operate: (id, body) => rest(body ? 'POST' : 'GET', `/api/v2/me/chats/${id}`, body).then(leaveWhenDone),
  });

  // `more` is what the library can say beside of how the event came.
  function received(channel, data, more) {
    events++;
    say('event', { channel, data, ...more });
    const chat = data && data.chat;
    if (chat && chat.state === 'Invited' && !accepted.has(chat.id)) {
      accepted.add(chat.id);
      const body = { operationName: 'Accept', nickname: options.nickname };
      rest('POST', `/api/v2/me/chats/${chat.id}`, body).then(leaveWhenDone);
    }
    if (events === 1) ask();
    if (talk && data) talk(data);
    leaveWhenDone();
  }

  function shaken() {
    if (options.anew) accepted.clear();
  }

  return { options, base, jar, authorization, cookies, csrf: () => token, say, open, shaken, received };
}

module.exports = { createDesk };
