'use strict';

const http = require('node:http');
const cometd = require('cometd-nodejs-server');
const { run } = require('../../tests/upstream/host.js');
const { MOUNT, CHANNEL, createRest } = require('./burst.js');

const bayeux = cometd.createCometDServer({ browserCookiePath: '/', timeout: 120000, maxInterval: 60000 });
const rest = createRest((clientId, events) => {
  const session = bayeux.getServerSession(clientId);
  // Outside a batch the first event would release the held poll and leave the others to the next.
  session.batch(() => {
    for (const data of events) session.deliver(null, CHANNEL, data);
  });
});
const server = http.createServer((request, response) => {
  if (request.url.startsWith(MOUNT)) bayeux.handle(request, response);
  else rest(request, response);
});

run(server, 0, () => bayeux.close());
