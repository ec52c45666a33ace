'use strict';

// The story of burst.yaml, for servers that are no replayer: what they answer to an Accept, and then say.

const { randomBytes } = require('node:crypto');

const MOUNT = '/api/v2/notifications';
const CHANNEL = '/v2/me/chats';
const ACCEPT = /^\/api\/v2\/me\/chats\/([^/]+)$/;
const customer = '00' + randomBytes(7).toString('hex').toUpperCase();

function eventsOf(id, nickname, host) {
  const uri = `http://${host}/api/v2/chats/${id}`;
  const person = { type: 'Customer', nickname: 'PersonP', participantId: customer };
  const capabilities = ['Transfer', 'Complete', 'Leave', 'SendMessage'];
  const changed = 'ChatStateChangeMessage';
  const participants = [{ type: 'Agent', nickname }, person];
  const text = { index: 1, type: 'Text', from: person, text: 'Hello World', visibility: 'All' };
  return [
    {
      messageType: changed,
      notificationType: 'StatusChange',
      chat: { state: 'Chatting', capabilities, id, uri, participants: [] },
    },
    {
      messageType: changed,
      notificationType: 'ParticipantsUpdated',
      chat: { state: 'Chatting', id, uri, participants },
    },
    {
      messageType: 'MessageLogUpdated',
      notificationType: 'NewMessages',
      chat: { id },
      messages: [text],
    },
  ];
}

// faye has no cookie to know a session by, so the load client names its clientId to every server.
function createRest(deliver) {
  return (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const found = ACCEPT.exec(request.url);
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
      const known = found && request.method === 'POST' && body.operationName === 'Accept';
      const answer = JSON.stringify(known ? { statusCode: 0 } : { statusCode: 6 });
      const headers = {
        'Content-Type': 'application/json;charset=UTF-8',
        'Content-Length': Buffer.byteLength(answer),
      };
      response.writeHead(known ? 200 : 404, headers);
      response.end(answer);
      if (!known) return;
      deliver(request.headers['x-client'], eventsOf(found[1], body.nickname, request.headers.host));
    });
  };
}

module.exports = { MOUNT, CHANNEL, createRest };
