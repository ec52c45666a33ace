'use strict';

const { createHash, randomBytes } = require('node:crypto');

const OK = { statusCode: 0 };
const NOT_FOUND = { statusCode: 6, statusMessage: 'Resource not found' };

function userOf(request, uriHost) {
  const [scheme, credentials = ''] = (request.headers.authorization || '').split(' ');
  const name = /^basic$/i.test(scheme) ? Buffer.from(credentials, 'base64').toString().split(':')[0] : '';
  const userName = name || 'agent1';
  const id = createHash('md5').update(userName).digest('hex');
  return { id, userName, uri: `http://${uriHost}/api/v2/users/${id}` };
}

function readJson(request) {
  return new Promise((resolve) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('error', () => resolve(null));
    request.on('end', () => {
      try {
        resolve(JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}'));
      } catch (error) {
        resolve(null);
      }
    });
  });
}

function respondTo(story, request, body, options) {
  const path = request.url.split('?')[0];
  const { method } = request;
  const missing = [400, { statusCode: 1, statusMessage: 'Parameter missing: operationName' }];

  if (path === '/api/v2/me') {
    if (method === 'GET') return [200, { ...OK, user: userOf(request, options.uriHost) }];
    const known = ['StartContactCenterSession', 'Ready'];
    if (method === 'POST') return body && known.includes(body.operationName) ? [200, OK] : missing;
  }
  const chat = /^\/api\/v2\/me\/chats\/([^/]+)$/.exec(path);
  if (chat && method === 'GET') {
    const known = story.look(chat[1]);
    if (known) return [200, { ...OK, chat: known }];
  }
  if (chat && method === 'POST') {
    if (!body || !body.operationName) return missing;
    const accepts = body.operationName === 'Accept';
    const outcome = accepts ? story.accept(chat[1], body.nickname) : story.operate(chat[1], body);
    if (outcome === 'ok') return [200, OK];
    if (outcome === 'accepted') return [400, { statusCode: 2, statusMessage: 'Chat is already accepted' }];
  }
  return [404, NOT_FOUND];
}

function nameOf(request, body) {
  if (request.method === 'POST') return body && body.operationName;
  return request.url.includes('/chats/') ? 'GetChat' : 'GetMe';
}

function createRest(story, options) {
  return async function handle(request, response) {
    const body = request.method === 'POST' ? await readJson(request) : undefined;
    const told = respondTo(story, request, body, options);
    const { status, text, kind, late } = options.mutation.answered(nameOf(request, body), ...told);
    setTimeout(() => {
      const headers = { 'Content-Type': kind, 'Content-Length': Buffer.byteLength(text) };
      if (!/(^|;\s*)JSESSIONID=/.test(request.headers.cookie || '')) {
        headers['Set-Cookie'] = `JSESSIONID=${randomBytes(16).toString('hex')}; Path=/; HttpOnly`;
      }
      response.writeHead(status, headers);
      response.end(text);
    }, options.answerDelay + late);
  };
}

module.exports = { createRest };
