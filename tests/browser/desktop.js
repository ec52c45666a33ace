// An agent desktop in a page: shakes hands, is invited, accepts, hears of its chat, leaves.
// What it sees goes to the host it was loaded from, a line each; the simulator is on another origin.

const wanted = Object.fromEntries(new URLSearchParams(location.search));
const CHANNEL = '/v2/me/chats';
const EVENTS = 4;
const said = [];
let sending = Promise.resolve();

function say(kind, fields) {
  said.push(kind);
  const body = JSON.stringify({ kind, ...fields });
  sending = sending.then(() => fetch('/seen', { method: 'POST', body }));
}

window.onerror = (message) => say('failure', { error: message });
window.onunhandledrejection = (event) => say('failure', { error: String(event.reason) });

async function rest(method, path, body, credentials = 'include') {
  const asJson = body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(wanted.url + path, { method, credentials, ...asJson });
  say('answer', { method, path, credentials, status: response.status, body: await response.json() });
}

// A second agent, so that who asks can only be told by the cookie.
async function somebodyElse() {
  const handshake = [{ channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: ['long-polling'] }];
  const headers = { 'Content-Type': 'application/json', Authorization: `Basic ${btoa('somebody:else')}` };
  const body = JSON.stringify(handshake);
  await fetch(`${wanted.url}/api/v2/notifications`, { method: 'POST', credentials: 'omit', headers, body });
}

function load(source) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script, { src: source, onload: resolve, onerror: () => reject(new Error(`no ${source}`)) });
    document.head.append(script);
  });
}

async function library() {
  const source = `/cometd-${wanted.cometd}/cometd.js`;
  if (Number(wanted.cometd) >= 8) return import(source);
  await load(source);
  return window.org.cometd;
}

async function main() {
  const { CometD } = await library();
  const cometd = new CometD();
  cometd.configure({ url: `${wanted.url}/api/v2/notifications`, logLevel: 'warn' });
  cometd.websocketEnabled = wanted.transport === 'websocket';
  for (const type of cometd.getTransportTypes()) {
    if (type !== wanted.transport) cometd.unregisterTransport(type);
  }

  const answers = [];
  let events = 0;
  const leaveWhenDone = async () => {
    if (events < EVENTS) return;
    await Promise.all(answers);
    // Every transport has its cookie by now: a socket's page got it with the answer to Accept.
    await somebodyElse();
    await rest('GET', '/api/v2/me');
    await rest('GET', '/api/v2/me', undefined, 'omit');
    cometd.disconnect(() => say('disconnected'));
  };

  cometd.onListenerException = (exception) => say('failure', { error: String(exception) });
  cometd.addListener('/meta/unsuccessful', ({ channel, error, failure }) => say('failure', { channel, error, failure }));
  cometd.addListener('/meta/handshake', ({ successful }) => {
    if (!successful) return;
    const transport = cometd.getTransport();
    say('handshake', { transport: transport.getType ? transport.getType() : transport.type });
    cometd.subscribe(CHANNEL, ({ data }) => {
      say('event', { data });
      events++;
      const { chat } = data;
      if (chat && chat.state === 'Invited') {
        answers.push(rest('POST', `/api/v2/me/chats/${chat.id}`, { operationName: 'Accept', nickname: 'Marat' }));
      }
      leaveWhenDone();
    });
  });
  cometd.handshake();
}

main();
