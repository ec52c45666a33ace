'use strict';

const faye = require('faye');
const { createDesk } = require('./desk.js');

const desk = createDesk();
const { options, base, authorization, cookies, say } = desk;

function createClient() {
  const client = new faye.Client(base + options.path);
  // It prefers a WebSocket wherever the server offers one.
  if (options.transport !== 'websocket') client.disable('websocket');
  if (options['auth-cometd']) client.setHeader('Authorization', authorization.Authorization);
  // Until the server gives it cookies of its own, which it then keeps in a jar that is not ours.
  if (cookies()) client.setHeader('Cookie', cookies());
  return client;
}

async function main() {
  let client;
  let subscriptions;
  let transport = null;

  function goodbye() {
    client.disconnect().then(() => {
      say('disconnected', { transport });
      process.exit(0);
    });
  }

  await desk.open(() => {
    if (options.unsubscribe) subscriptions.forEach((subscription) => subscription.cancel());
    else goodbye();
  });
  client = createClient();

  const replied = {
    '/meta/handshake': ({ successful }) => say('handshake', { successful, transport }),
    '/meta/subscribe': ({ subscription }) => say('subscribed', { channel: subscription }),
    '/meta/unsubscribe'({ subscription }) {
      say('unsubscribed', { channel: subscription });
      if (--pending === 0) setImmediate(goodbye);
    },
  };
  let pending = options.channel.length;
  client.addExtension({
    outgoing(message, callback) {
      if (message.channel === '/meta/connect') transport = message.connectionType;
      callback(message);
    },
    incoming(message, callback) {
      const { channel, successful, error, advice } = message;
      if (successful === false) say('failure', { channel, error, advice });
      else if (successful && replied[channel]) replied[channel](message);
      callback(message);
    },
  });
  client.on('transport:down', () => say('failure', { reason: 'transport:down' }));

  subscriptions = options.channel.map((channel) => client.subscribe(channel).withChannel(desk.received));
}

main();
