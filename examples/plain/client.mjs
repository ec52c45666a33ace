// A client of it: makes an order, hears what becomes of it, and closes it. Prints what it does and hears.

import { CometD } from 'cometd';
import { adapt } from 'cometd-nodejs-client';

const [url] = process.argv.slice(2);
const DATA = `${url}/services/data/v59.0`;
const CHANNELS = ['/topic/Orders', '/event/Shipment__e'];
const PATIENCE = 20_000; // milliseconds
const headers = { Authorization: 'Bearer 00D7Q!AQcAQHello' };

adapt();
const cometd = new CometD();
cometd.websocketEnabled = false;
cometd.configure({
  url: `${url}/cometd/59.0`, requestHeaders: headers, appendMessageTypeToURL: false, logLevel: 'error',
});

// From which event on: -1 is "new ones". Whoever was forgotten asks for what it has missed.
const replay = Object.fromEntries(CHANNELS.map((channel) => [channel, -1]));
cometd.registerExtension('replay', {
  outgoing(message) {
    if (message.channel === '/meta/subscribe') message.ext = { ...message.ext, replay };
    return message;
  },
});

const heard = []; // what nobody has waited for yet
let listener = () => {};

/** The next event of a kind; they may come in any order. */
function next(kind) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${kind} within ${PATIENCE} ms`)), PATIENCE);
    listener = () => {
      const place = heard.findIndex((each) => kindOf(each) === kind);
      if (place < 0) return;
      clearTimeout(late);
      resolve(heard.splice(place, 1)[0]);
    };
    listener();
  });
}

const kindOf = ({ channel, data }) => (channel.startsWith('/event/') ? 'shipment' : data.event.type);

function hear(message) {
  const { channel, data } = message;
  if (data.event.replayId <= replay[channel]) return; // told again
  replay[channel] = data.event.replayId;
  heard.push(message);
  listener();
}

/** Subscribes, also when it has been forgotten and shakes hands again. */
let back = () => {};
const isBack = new Promise((resolve) => { back = resolve; });
let hands = 0;
cometd.addListener('/meta/handshake', (reply) => {
  if (!reply.successful) return;
  cometd.batch(() => CHANNELS.forEach((channel) => cometd.subscribe(channel, hear, (subscribed) => {
    if (channel === CHANNELS.at(-1) && subscribed.successful) hands++ ? back() : begin();
  })));
});
cometd.addListener('/meta/connect', (reply) => {
  if (!reply.successful) console.log(`forgotten: ${reply.error}`);
});

async function ask(method, path, body) {
  const json = { ...headers, 'Content-Type': 'application/json' };
  const response = await fetch(`${DATA}${path}`, { method, headers: json, body: body && JSON.stringify(body) });
  console.log(`${method} ${path.replace(/Order\/\w+/, 'Order/ID')}: ${response.status}`);
  if (!response.ok) throw new Error(await response.text());
  return response.status === 204 ? undefined : response.json();
}

async function work() {
  const { id } = await ask('POST', '/sobjects/Order', { Name: 'Ten chairs' });
  const created = await next('created');
  console.log(`created: ${created.data.sobject.Name}, ${created.data.sobject.Status}`);
  const { data } = await next('shipment');
  console.log(`shipped by ${data.payload.Carrier__c}: ${data.payload.Order__c === id ? 'ours' : 'not ours'}`);
  await isBack;
  await ask('PATCH', `/sobjects/Order/${id}`, { Status: 'Closed' });
  const updated = await next('updated');
  console.log(`updated: ${updated.data.sobject.Id === id ? 'ours' : 'not ours'}, ${updated.data.sobject.Status}`);
  const order = await ask('GET', `/sobjects/Order/${id}`);
  console.log(`order: ${order.Id === id ? 'ours' : 'not ours'}, ${order.Name}, ${order.Status}`);
}

function begin() {
  work()
    .catch((error) => { console.log(`failed: ${error.message}`); process.exitCode = 1; })
    .finally(() => cometd.disconnect(() => process.exit()));
}

cometd.handshake();
