'use strict';

const { createDesk } = require('./desk.js');
const { createDocument } = require('./document.js');

const desk = createDesk({
  cometd: { type: 'string', default: '3.1' },
  ack: { type: 'boolean', default: false },
  // Says of connects, sockets and cookies too, and with which of its answers or frames an event came.
  watch: { type: 'boolean', default: false },
  'network-delay': { type: 'string', default: '10000' },
});
let batch = 0;
const { options, base, jar, authorization, cookies, say } = desk;

async function createCometD() {
  const { adapt } = await import('cometd-nodejs-client');
  adapt({
    cookies: {
      storeCookie(uri, header, callback) {
        jar.store(header);
        if (options.watch) say('cookie', { cookies: [header] });
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
      if (cookies()) headers.Cookie = cookies();
      super(url, protocols, { headers });
      if (!options.watch) return;
      this.addEventListener('open', () => say('socket', {}));
      this.addEventListener('close', ({ code, reason }) => say('closed', { code, reason: String(reason) }));
      // Before the library's own listener.
      this.addEventListener('message', () => { batch++; });
    }
  };
  // The library takes all messages of an answer to a poll in one go.
  const XMLHttpRequest = window.XMLHttpRequest;
  window.XMLHttpRequest = class extends XMLHttpRequest {
    send(data) {
      const listener = this.onload;
      this.onload = () => {
        batch++;
        listener.call(this);
      };
      super.send(data);
    }
  };
  if (options.transport === 'callback-polling') {
    window.document = global.document = createDocument(window, jar, cookies);
  }

  // After adapt: older versions look for window.WebSocket when they are made, newer ones are
  // ES modules and cannot be required everywhere.
  const library = await import(`cometd-${options.cometd}`);
  const cometd = new (library.CometD || library.default.CometD)();
  const requestHeaders = { ...(options['auth-cometd'] && authorization), ...desk.csrf() };
  cometd.configure({ url: base + options.path, logLevel: 'error', requestHeaders, maxNetworkDelay: Number(options['network-delay']) });
  cometd.websocketEnabled = options.transport === 'websocket';
  for (const type of cometd.getTransportTypes()) {
    if (type !== options.transport) cometd.unregisterTransport(type);
  }
  if (options.ack) {
    const { AckExtension, default: older } = await import(`cometd-${options.cometd}/AckExtension.js`);
    cometd.registerExtension('ack', new (AckExtension || older)());
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
  let cometd;
  let subscriptions = [];
  await desk.open(async () => {
    if (options.unsubscribe) await Promise.all(subscriptions.map(unsubscribe));
    const transport = transportOf(cometd);
    cometd.disconnect(() => {
      say('disconnected', { transport });
      process.exit(0);
    });
  });

  cometd = await createCometD();
  const seen = new WeakSet();

  function unsubscribe(subscription) {
    return new Promise((resolve) => {
      cometd.unsubscribe(subscription, (message) => {
        if (message.successful) say('unsubscribed', { channel: message.subscription });
        resolve();
      });
    });
  }

  function received(message) {
    // Overlapping subscriptions call back once each for the one message.
    // A subscription to /** also hears the replies to the client's own meta messages.
    if (seen.has(message) || message.channel.startsWith('/meta/')) return;
    seen.add(message);
    desk.received(message.channel, message.data, options.watch && { batch });
  }

  cometd.onListenerException = (exception) => {
    say('failure', { exception: String(exception) });
  };
  cometd.addListener('/meta/unsuccessful', (message) => say('failure', failureOf(message)));
  if (options.watch) {
    cometd.addListener('/meta/connect', ({ successful, advice }) => {
      if (successful) say('connected', { advice, batch });
    });
  }
  cometd.addListener('/meta/subscribe', (message) => {
    if (message.successful) say('subscribed', { channel: message.subscription });
  });
  cometd.addListener('/meta/handshake', (message) => {
    say('handshake', { successful: message.successful, transport: transportOf(cometd) });
    if (!message.successful) return;
    desk.shaken();
    subscriptions = options.channel.map((channel) => cometd.subscribe(channel, received));
  });
  cometd.handshake();
}

main();
