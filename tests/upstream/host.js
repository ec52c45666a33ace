'use strict';

const fs = require('node:fs');
const { parseArgs } = require('node:util');
const { DEFAULTS } = require('./chat.js');
const { mutationNamed } = require('./mutations.js');

const NUMBERS = {
  port: 0,
  'invite-after': DEFAULTS.inviteAfter,
  'status-after': DEFAULTS.statusAfter,
  'participants-after': DEFAULTS.participantsAfter,
  'messages-after': DEFAULTS.messagesAfter,
  'answer-delay': DEFAULTS.answerDelay,
  chats: DEFAULTS.chats,
  'next-chat-after': DEFAULTS.nextChatAfter,
  slowness: DEFAULTS.slowness,
  // Left to the library unless given.
  timeout: undefined,
  interval: undefined,
  'max-interval': undefined,
};

const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

function readOptions() {
  const options = {
    path: { type: 'string', default: '/api/v2/notifications' },
    'uri-host': { type: 'string', default: DEFAULTS.uriHost },
    'event-before-answer': { type: 'boolean', default: false },
    batch: { type: 'boolean', default: false },
    'invite-on-subscribe': { type: 'boolean', default: false },
    // What is wrong with this server.
    mutate: { type: 'string', default: 'nothing' },
  };
  for (const name of Object.keys(NUMBERS)) options[name] = { type: 'string' };

  const result = {};
  for (const [name, value] of Object.entries(parseArgs({ options }).values)) result[camel(name)] = value;
  for (const [name, standard] of Object.entries(NUMBERS)) {
    const text = result[camel(name)];
    const number = text === undefined ? standard : Number(text);
    if (Number.isNaN(number)) throw new Error(`--${name} takes a number, not ${text}`);
    result[camel(name)] = number;
  }
  result.mutation = mutationNamed(result.mutate);
  return result;
}

function stdinIsHeldBySomebody() {
  // Under CI or a service manager stdin is /dev/null, which ends at once and means nothing.
  const stat = fs.fstatSync(0);
  return stat.isFIFO() || stat.isSocket();
}

function run(server, port, close) {
  // Node's 5 s would cut connections that clients and proxies still mean to reuse.
  server.keepAliveTimeout = 65000;
  const stop = () => {
    close();
    server.close();
    server.closeAllConnections();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (stdinIsHeldBySomebody()) {
    process.stdin.once('end', stop);
    process.stdin.resume();
  }
  server.listen(port, '127.0.0.1', () => {
    const bound = server.address().port;
    process.stdout.write(JSON.stringify({ port: bound, url: `http://127.0.0.1:${bound}` }) + '\n');
  });
}

module.exports = { readOptions, run };
