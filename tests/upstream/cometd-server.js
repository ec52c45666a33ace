'use strict';

const http = require('node:http');
const cometd = require('cometd-nodejs-server');
const { createStory } = require('./chat.js');
const { createRest } = require('./rest.js');
const { readOptions, run } = require('./host.js');

const options = readOptions();
const story = createStory(options);
const rest = createRest(story, options);

// Java servers send the cookie with Path=/; without one it would be the client's to guess.
const settings = { browserCookiePath: '/' };
for (const name of ['timeout', 'interval', 'maxInterval']) {
  if (options[name] !== undefined) settings[name] = options[name];
}
const bayeux = cometd.createCometDServer(settings);

bayeux.addListener('subscribed', (channel, session) => {
  const publish = (name, ...events) => {
    // Outside a batch the first event would release the held poll and leave the others to the next.
    session.batch(() => {
      for (const data of events) session.deliver(null, name, data);
    });
  };
  story.subscribed(session.id, channel.name, publish);
});
bayeux.addListener('sessionRemoved', (session) => story.left(session.id));

const mount = options.path.replace(/\/$/, '');
const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path === mount || path.startsWith(mount + '/')) bayeux.handle(request, response);
  else rest(request, response);
});

run(server, options.port, () => bayeux.close());
