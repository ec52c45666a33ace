'use strict';

const http = require('node:http');
const faye = require('faye');
const Memory = require('faye/src/engines/memory');
const { run } = require('../../tests/upstream/host.js');
const { MOUNT, CHANNEL, createRest } = require('./burst.js');

// As in tests/upstream: faye's own API only publishes to everybody, so each client gets a private name.
let engine;
const engineType = {
  create(server, options) {
    engine = Memory.create(server, options);
    return engine;
  },
};
const privateName = (clientId) => `client ${clientId}`;

const bayeux = new faye.NodeAdapter({ mount: MOUNT, timeout: 120, engine: { type: engineType } });
bayeux.on('handshake', (clientId) => engine.subscribe(clientId, privateName(clientId)));

const server = http.createServer(
  createRest((clientId, events) => {
    for (const data of events) engine.publish({ channel: CHANNEL, data }, [privateName(clientId)]);
  }),
);
bayeux.attach(server);

run(server, 0, () => bayeux.close());
