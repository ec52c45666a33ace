'use strict';

const http = require('node:http');
const faye = require('faye');
const Memory = require('faye/src/engines/memory');
const { createStory } = require('./chat.js');
const { createRest } = require('./rest.js');
const { readOptions, run } = require('./host.js');

const options = readOptions();
const story = createStory(options);
const rest = createRest(story, options);

// faye's own API only publishes to everybody. The engine, which faye lets one choose, delivers a
// message to whoever subscribed to any of the names it is given, so each client gets a private one.
let engine;
const engineType = {
  create(server, engineOptions) {
    engine = Memory.create(server, engineOptions);
    return engine;
  },
};
// No slash: not a channel a client could subscribe to.
const privateName = (clientId) => `client ${clientId}`;

const seconds = (milliseconds) => (milliseconds === undefined ? undefined : milliseconds / 1000);
const settings = {
  mount: options.path.replace(/\/$/, ''),
  engine: { type: engineType, interval: seconds(options.interval) },
};
if (options.timeout !== undefined) settings.timeout = seconds(options.timeout);
const bayeux = new faye.NodeAdapter(settings);

bayeux.on('handshake', (clientId) => engine.subscribe(clientId, privateName(clientId)));
bayeux.on('subscribe', (clientId, pattern) => {
  const publish = (channel, ...events) => {
    for (const data of events) engine.publish({ channel, data }, [privateName(clientId)]);
  };
  story.subscribed(clientId, pattern, publish);
});
bayeux.on('disconnect', (clientId) => story.left(clientId));

const server = http.createServer(rest);
// Reached only for paths other than the mount: faye puts itself before this listener.
server.on('upgrade', (request, socket) => {
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
});
bayeux.attach(server);

run(server, options.port, () => bayeux.close());
