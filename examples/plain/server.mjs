// A service in the manner of Salesforce: records by REST, their changes on /topic/…, business events on /event/….
// Events are numbered (replayId), clients say from which number on they want them, and a client that the
// server has forgotten is answered 403 where CometD says 402.

import http from 'node:http';
import cometd from 'cometd-nodejs-server';

const COMETD = '/cometd/59.0';
const DATA = '/services/data/v59.0';
const KEPT = 100; // events for those who ask for what they have missed
const SHIPPED_AFTER = 1_000; // milliseconds

const orders = new Map();
const told = []; // the latest events, each with its channel
let lastReplay = 41_000;

let bayeux = started();

function started() {
  const server = cometd.createCometDServer({ browserCookiePath: '/' });
  server.addExtension({
    incoming(_server, session, message, proceed) {
      if (message.channel === '/meta/subscribe' && session) session.wanted = message.ext?.replay ?? {};
      proceed();
    },
    outgoing(_server, _sender, _session, message, proceed) {
      if (message.error?.startsWith('402:')) message.error = '403::Unknown client';
      proceed();
    },
  });
  server.addListener('subscribed', (channel, session) => {
    const from = session.wanted?.[channel.name] ?? -1;
    if (from < 0) return;
    const missed = told.filter((each) => each.channel === channel.name && each.data.event.replayId > from);
    for (const { channel: name, data } of missed) session.deliver(null, name, data);
  });
  return server;
}

/** Nobody is known any more: as a server does that was moved, or a balancer that sends clients elsewhere. */
function moved() {
  bayeux.close();
  bayeux = started();
}

function tell(channel, data) {
  data.event.replayId = ++lastReplay;
  told.push({ channel, data });
  if (told.length > KEPT) told.shift();
  bayeux.getServerChannel(channel)?.publish(null, data);
}

function changed(order, type) {
  const event = { type, createdDate: new Date().toISOString() };
  tell('/topic/Orders', { event, sobject: { Id: order.Id, Name: order.Name, Status: order.Status } });
}

function shipped(order) {
  const payload = { Order__c: order.Id, Carrier__c: 'Western', CreatedDate: new Date().toISOString() };
  tell('/event/Shipment__e', { schema: 'dffQ2QLzDNHqwB8_sHMxdA', payload, event: {} });
  moved();
}

/** An id of eighteen characters, the first three of which say what it is of. */
function newId() {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const random = Array.from({ length: 10 }, () => letters[Math.floor(Math.random() * letters.length)]);
  return `801Qy${random.join('')}AAE`;
}

const resources = {
  [`POST ${DATA}/sobjects/Order`]: (_id, body) => {
    const order = { Id: newId(), Status: 'Draft', ...body };
    orders.set(order.Id, order);
    setTimeout(changed, 20, order, 'created');
    setTimeout(shipped, SHIPPED_AFTER, order);
    return [201, { id: order.Id, success: true, errors: [] }];
  },
  [`PATCH ${DATA}/sobjects/Order`]: (id, body) => {
    const order = Object.assign(orders.get(id), body);
    setTimeout(changed, 20, order, 'updated');
    return [204];
  },
  [`GET ${DATA}/sobjects/Order`]: (id) => [200, orders.get(id)],
};

async function rest(request, response) {
  const say = (status, body) => {
    response.writeHead(status, body === undefined ? {} : { 'Content-Type': 'application/json;charset=UTF-8' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  if (!request.headers.authorization?.startsWith('Bearer ')) {
    return say(401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }]);
  }
  const [, path, , id] = /^(.*\/sobjects\/\w+)(\/(\w+))?$/.exec(request.url) ?? [];
  const resource = resources[`${request.method} ${path}`];
  if (!resource || (id && !orders.has(id))) {
    return say(404, [{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }]);
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return say(...resource(id, chunks.length ? JSON.parse(Buffer.concat(chunks)) : undefined));
}

const server = http.createServer((request, response) => {
  if (request.url.startsWith(COMETD)) bayeux.handle(request, response);
  else rest(request, response);
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit());
